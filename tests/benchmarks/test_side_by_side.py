"""Ways that are compared do the same work: the same documents, the same loss, the same gradient."""

import pytest
import torch


def test_all_searches_find_the_documents_of_faiss():
    from exact_search import EXACT, HALF, search_ways
    from inputs import generated_index

    ways, notes = search_ways(generated_index(3000, 32))
    assert notes["share of FAISS's documents"][EXACT] == 1.0
    assert notes["share of FAISS's documents"][HALF] > 0.99
    assert notes["bytes of the vectors"][EXACT] == 2 * notes["bytes of the vectors"][HALF]
    assert all(way()[1].shape == (32, 200) for way in ways.values())


def test_generated_vectors_do_not_depend_on_how_many_there_are(monkeypatch):
    import inputs

    monkeypatch.setattr(inputs, "CHUNK", 40)
    small, large = inputs.generated_index(80, 8), inputs.generated_index(100, 8)
    assert torch.equal(inputs.shared_vectors(small), inputs.shared_vectors(large)[:80])


def test_share_of_same_documents():
    from exact_search import same_documents

    assert same_documents(torch.tensor([[1, 2], [5, 6]]), torch.tensor([[2, 1], [5, 7]])) == 0.75


def test_textbook_loss_and_ours_give_the_same_gradient():
    from training_step import loss_ways

    textbook, ours = loss_ways().values()
    torch.testing.assert_close(ours(), textbook())


@pytest.mark.parametrize("positive", ["retrieved", "missed"])
def test_textbook_step_and_ours_give_the_same_loss_and_gradient(positive):
    from inputs import generated_index, random_vectors, shared_vectors
    from textbook import textbook_step_loss

    from pyserini_ltre.index.exact import ExactIndex
    from pyserini_ltre.train.losses.adore import rank_discounts
    from pyserini_ltre.train.losses.objective import Objective

    flat = generated_index(300, 16)
    index = ExactIndex(shared_vectors(flat), owner=flat)
    queries = random_vectors(4, 16, seed=9)
    order = index.search(queries, 300)[1]
    positives = order[:, 4:5] if positive == "retrieved" else order[:, 299:]
    loss_of = Objective(hits=20, anchor=0.0).resolve(index, normalises=True, anchor=0.0)
    ours, theirs = (queries.clone().requires_grad_() for _ in range(2))
    loss = (
        loss_of(ours, queries, positives, torch.ones(4, 1)) * rank_discounts(20, 20, "reciprocal-rank").mean()
    )
    # An appended document has no rank within the metric's cut; the textbook's has the rank after the last.
    if positive == "missed":
        loss_of = Objective(hits=20, metric_cut=21, anchor=0.0).resolve(index, normalises=True, anchor=0.0)
        loss = (
            loss_of(ours, queries, positives, torch.ones(4, 1))
            * rank_discounts(20, 21, "reciprocal-rank").mean()
        )
    expected = textbook_step_loss(flat, theirs, positives, 20, 20.0)
    torch.testing.assert_close(loss, expected)
    loss.backward()
    expected.backward()
    torch.testing.assert_close(ours.grad, theirs.grad)


def test_steps_lower_the_loss_whoever_makes_them(tiny_encoder, monkeypatch):
    import inputs
    from inputs import generated_index
    from training_step import step_ways

    from pyserini_ltre.collection import PythonStdlib
    from pyserini_ltre.encode.model import BiEncoder

    monkeypatch.setattr(inputs, "PythonStdlib", lambda: PythonStdlib(limit=300))

    encoder = BiEncoder.load(tiny_encoder)
    ways = step_ways(encoder, generated_index(400, encoder.dimension), batches=1)
    for step in ways.values():
        for group in step.optimiser.param_groups:
            group["lr"] = 1e-3
        batch = step.prepared[0]
        losses = []
        for _ in range(12):
            step()
            with torch.no_grad():
                losses.append(float(step.loss(step.encoder.eval()(**batch["features"]).float(), batch)))
            step.encoder.train()
        assert losses[-1] < losses[0]
        assert set(step.shares()) == {"encoder", "search and loss", "optimiser"}


def test_mapped_vectors_are_kept_and_searched(tmp_path, monkeypatch):
    import large_search

    monkeypatch.setattr(large_search, "DIMENSION", 16)
    vectors = large_search.mapped_vectors(tmp_path / "vectors.bf16", 500)
    again = large_search.mapped_vectors(tmp_path / "vectors.bf16", 500)
    assert torch.equal(vectors, again)
    assert [file.name for file in tmp_path.iterdir()] == ["vectors.bf16"]
    torch.testing.assert_close(vectors.float().norm(dim=1), torch.ones(500), atol=0.01, rtol=0)
    scores, rows = large_search.MappedBfloat16Index(vectors).search(vectors[:3].float(), 10)
    assert rows[:, 0].tolist() == [0, 1, 2]
    torch.testing.assert_close(scores, (vectors[:3].float() @ vectors.float().T).topk(10).values)
