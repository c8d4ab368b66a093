"""Training without judgements: what a teacher knows is learned, a shuffled one teaches nothing, no qrels are opened."""

import json

import pytest
import torch

from pyserini_ltre.collection import Document, read_queries, write_beir, write_run, write_topics
from pyserini_ltre.collection.judged import Judged
from pyserini_ltre.encode.model import BiEncoder
from pyserini_ltre.errors import InputError
from pyserini_ltre.index import IndexDirectory
from pyserini_ltre.train.__main__ import main
from pyserini_ltre.train.data.taught import Unjudged, taught_queries
from pyserini_ltre.train.distil import DistilTrainer
from pyserini_ltre.train.loop.schedule import Schedule
from pyserini_ltre.train.losses.distillation import DistilObjective, distillation_loss

FAST = Schedule(epochs=6, batch_size=16, learning_rate=3e-3, evaluations=3, precision="fp32")


def oracle(problem, shift=0):
    """A run that ranks the relevant documents first; shifted, those of another topic."""
    docids = IndexDirectory(problem.directory).docids
    qids = list(problem.queries)
    return {
        qid: {
            docid: 1.0 if docid in problem.qrels[qids[(i + shift * (i % 7)) % len(qids)]] else 0.0
            for docid in docids
        }
        for i, qid in enumerate(qids)
    }


def fit(problem, encoder, teacher, trainable="encoder", **settings):
    trainer = DistilTrainer(
        BiEncoder.load(encoder), problem.directory, DistilObjective(anchor=0.0), trainable, FAST
    )
    return trainer.fit(Unjudged(problem.queries, teacher), Judged(*problem.dev, 0, 0), **settings)


@pytest.mark.parametrize("trainable", ["encoder", "adapter"])
def test_what_the_teacher_knows_is_learned(problem, tiny_encoder, trainable):
    result = fit(problem, tiny_encoder, oracle(problem), trainable)
    assert result.improved
    assert result.after["nDCG@10"] > result.before["nDCG@10"] + (0.1 if trainable == "encoder" else 0.05)
    assert result.settings["method"] == "distil"


def test_a_shuffled_teacher_ends_with_the_frozen_encoder_or_nearly(problem, tiny_encoder):
    good = fit(problem, tiny_encoder, oracle(problem))
    shuffled = fit(problem, tiny_encoder, oracle(problem, shift=1))
    assert shuffled.after["nDCG@10"] >= shuffled.before["nDCG@10"]
    assert good.after["nDCG@10"] > shuffled.after["nDCG@10"] + 0.1


def test_loss_is_the_divergence_and_ignores_padding():
    generator = torch.Generator().manual_seed(0)
    scores, targets = torch.randn(2, 3, 5, generator=generator)
    valid = torch.ones(3, 5, dtype=torch.bool)
    expected = torch.nn.functional.kl_div(
        scores.log_softmax(1), targets.log_softmax(1), log_target=True, reduction="batchmean"
    )
    torch.testing.assert_close(distillation_loss(scores, targets, valid), expected)
    assert distillation_loss(targets, targets, valid).abs() < 1e-6
    wide = [torch.cat([values, torch.full((3, 2), 9.0)], 1) for values in (scores, targets)]
    wide[0].requires_grad_()
    padded = distillation_loss(*wide, torch.cat([valid, torch.zeros(3, 2, dtype=torch.bool)], 1))
    torch.testing.assert_close(padded, expected)
    padded.backward()
    assert wide[0].grad.isfinite().all()
    assert (wide[0].grad[:, 5:] == 0).all()


def test_what_teaches_nothing_is_counted_or_refused():
    queries, rows = {"a": "x", "b": "y", "c": "z"}, {"d0": 0, "d1": 1, "d2": 2}
    teacher = {"a": {"d0": 3.0, "d1": 1.0, "gone": 9.0, "d2": 2.0}, "b": {"d0": 1.0, "d1": 1.0}}
    taught = taught_queries(Unjudged(queries, teacher, {"a": {"d1": 1}}), rows, 200)
    assert list(taught.queries) == ["a"]
    assert taught.rows[0].tolist() == [0, 2]
    assert taught.targets[0].tolist() == [1.0, 0.0]
    assert (taught.unknown_documents, taught.equal_scores, taught.unanswered_queries) == (1, 1, 1)
    with pytest.raises(InputError, match=r"run.txt: teaches nothing: .*one and the same score"):
        taught_queries(Unjudged(queries, {"b": teacher["b"]}, name="run.txt"), rows, 200)
    with pytest.raises(InputError, match=r"run.txt: 1 of its 1 queries are not among .* other first"):
        taught_queries(Unjudged(queries, {"other": {"d0": 1.0}}, name="run.txt"), rows, 200)


@pytest.fixture
def collection(problem, tmp_path):
    """The documents of the index, in words of their topics."""
    from small_input import WORDS

    documents = [
        Document(
            docid,
            f"{WORDS[i % 20]} {WORDS[(i * 7 + 3) % 30]}",
            f"{WORDS[(i * 3) % 30]} {WORDS[i % 11]} number {i}.",
        )
        for i, docid in enumerate(IndexDirectory(problem.directory).docids)
    ]
    write_beir(tmp_path / "collection", documents, {"test": {"q": "sort list"}}, {"test": {"q": {"0-0": 1}}})
    return tmp_path / "collection"


def command(problem, encoder, collection, output, *more):
    words = (
        f"distil --index {problem.directory} --encoder {encoder} --collection {collection} --output {output}"
    )
    return [*words.split(), "--epochs", "1", "--batch-size", "16", "--evaluations", "1", *map(str, more)]


def test_the_command_does_all_of_it_and_opens_no_qrels(
    problem, tiny_encoder, collection, tmp_path, monkeypatch, capsys
):
    """With BM25 by Pyserini; whoever opens judgements fails."""
    import pyserini_ltre.collection.qrels as qrels

    def fail(*arguments, **options):
        pytest.fail("judgements were opened")

    monkeypatch.setattr(qrels, "read_qrels", fail)
    monkeypatch.setattr("pyserini_ltre.collection.beir.read_qrels", fail, raising=False)
    (collection / "qrels" / "test.tsv").unlink()
    main(command(problem, tiny_encoder, collection, tmp_path / "model"))
    said = capsys.readouterr().out
    assert "seconds: queries" in said
    description = json.loads((tmp_path / "model" / "pyserini_ltre.json").read_text())
    assert description["method"] == "distil"
    assert description["measures"]["after"]["nDCG@10"] >= description["measures"]["before"]["nDCG@10"]


def test_queries_and_teacher_can_be_given(problem, tiny_encoder, collection, tmp_path, capsys, refused):
    write_topics(tmp_path / "log.tsv", problem.queries)
    write_run(tmp_path / "teacher.txt", oracle(problem), "teacher")
    write_topics(tmp_path / "test.tsv", {"t": problem.queries["0000"]})
    given = ("--queries", tmp_path / "log.tsv", "--teacher", tmp_path / "teacher.txt")
    main(command(problem, tiny_encoder, collection, tmp_path / "model", *given))
    assert "63 training queries, 7 dev queries" in capsys.readouterr().out
    assert "--queries" in refused(
        main, *command(problem, tiny_encoder, collection, tmp_path / "m2", *given[2:])
    )
    assert not (tmp_path / "m2").exists()
    assert read_queries(tmp_path / "log.tsv") == problem.queries


def test_documents_of_another_collection_are_refused(problem, tiny_encoder, tmp_path, refused):
    other = [Document(f"x{i}", f"title {i} word", "") for i in range(5)]
    write_beir(tmp_path / "other", other, {"test": {"q": "a b"}}, {"test": {"q": {"x0": 1}}})
    said = refused(main, *command(problem, tiny_encoder, tmp_path / "other", tmp_path / "m"))
    assert "queries has a relevant document in the index" in said
