"""The objectives equal a double loop over pairs, values and gradients, whatever stands in the padding."""

import math

import pytest
import torch

from pyserini_ltre.train.losses import adore_loss, ltre_loss, softmax_loss


def by_loops(scores, relevant, valid, weight):
    """Mean over (relevant i, worse j) of weight(rank of i, rank of j) * log(1 + exp(s_j - s_i)), then over queries."""
    queries = []
    for row in range(len(scores)):
        columns = [c for c in range(scores.shape[1]) if valid[row, c]]
        pairs = [
            weight(i + 1, j + 1) * torch.log1p(torch.exp(scores[row, j] - scores[row, i]))
            for i in columns
            for j in columns
            if relevant[row, i] > relevant[row, j]
        ]
        queries.append(sum(pairs) / len(pairs) if pairs else 0.0 * scores[row, columns].sum())
    return sum(queries) / len(queries)


def reciprocal_rank(cut):
    def gain(rank):
        return 1.0 / rank if rank <= cut else 0.0

    return lambda i, j: abs(gain(i) - gain(j))


OBJECTIVES = {
    "ltre": (ltre_loss, lambda i, j: 1.0),
    "adore": (adore_loss, reciprocal_rank(200)),
    "adore cut at 3": (lambda *batch: adore_loss(*batch, metric_cut=3), reciprocal_rank(3)),
}


def check(name, scores, relevant, valid):
    loss_of, weight = OBJECTIVES[name]
    batched = scores.double().clone().requires_grad_()
    loss = loss_of(batched, relevant, valid)
    loss.backward()
    looped = scores.double().clone().requires_grad_()
    expected = by_loops(looped, relevant, valid, weight)
    expected.backward()
    assert loss.shape == ()
    # The ranks' gains are float32.
    torch.testing.assert_close(loss, expected, rtol=1e-6, atol=1e-9)
    torch.testing.assert_close(batched.grad, looped.grad, rtol=1e-5, atol=1e-9)
    return loss


def batch(seed, queries=4, documents=12):
    generator = torch.Generator().manual_seed(seed)
    scores = torch.randn(queries, documents, generator=generator) * 3
    relevant = torch.rand(queries, documents, generator=generator) < 0.3
    valid = torch.rand(queries, documents, generator=generator) < 0.8
    return scores, relevant, valid


@pytest.mark.parametrize("name", OBJECTIVES)
@pytest.mark.parametrize("seed", range(5))
def test_equals_the_double_loop(name, seed):
    assert check(name, *batch(seed)) > 0


@pytest.mark.parametrize("name", OBJECTIVES)
def test_queries_without_a_pair_count_as_zero(name):
    scores, relevant, valid = batch(9)
    relevant[0], relevant[1], valid[2] = (
        False,
        True,
        False,
    )  # none relevant, all relevant, nothing but padding
    loss = check(name, scores, relevant, valid)
    alone = OBJECTIVES[name][0](scores[3:].double(), relevant[3:], valid[3:])
    torch.testing.assert_close(loss, alone / 4, rtol=1e-6, atol=0)


@pytest.mark.parametrize("name", OBJECTIVES)
@pytest.mark.parametrize("everywhere", [False, True])
def test_a_batch_without_any_pair_gives_zero_and_a_zero_gradient(name, everywhere):
    scores, relevant, valid = batch(9)
    relevant[:] = everywhere
    scores[~valid] = math.inf
    scores.requires_grad_()
    loss = OBJECTIVES[name][0](scores, relevant, valid)
    loss.backward()
    assert loss.item() == 0.0
    assert torch.equal(scores.grad, torch.zeros_like(scores))


@pytest.mark.parametrize("name", OBJECTIVES)
@pytest.mark.parametrize("filler", [math.inf, -math.inf, math.nan, 1e30])
def test_padding_is_without_effect_on_value_and_gradient(name, filler):
    scores, relevant, valid = batch(4)
    # Queries with different numbers of relevant documents, the fewest of them beside padding.
    relevant[0], valid[0] = False, torch.arange(12) < 2
    relevant[0, 1] = True
    results = []
    for value in (0.0, filler):
        filled = torch.where(valid, scores, value).requires_grad_()
        loss = OBJECTIVES[name][0](filled, relevant, valid)
        loss.backward()
        results.append((loss.detach(), filled.grad))
    torch.testing.assert_close(results[0], results[1], rtol=0, atol=0)
    assert (results[1][1][~valid] == 0).all()
    assert results[1][1].abs().sum() > 0


@pytest.mark.parametrize("loss_of", [adore_loss, ltre_loss, softmax_loss])
def test_relevant_padding_does_not_count(loss_of):
    scores, relevant, valid = batch(6)
    assert torch.equal(loss_of(scores, relevant, valid), loss_of(scores, relevant & valid, valid))


@pytest.mark.parametrize("name", OBJECTIVES)
def test_with_grades_every_better_document_is_above_every_worse_one(name):
    scores, relevant, valid = batch(2)
    grades = relevant * torch.randint(1, 4, relevant.shape, generator=torch.Generator().manual_seed(1))
    check(name, scores, grades, valid)
    # Grades of 1 are the same as bools.
    binary = OBJECTIVES[name][0](scores, relevant, valid)
    assert torch.equal(OBJECTIVES[name][0](scores, relevant.long(), valid), binary)


def test_ndcg_weights_are_differences_of_grades_and_discounts():
    scores, relevant, valid = batch(3)
    grades = (
        relevant * torch.randint(1, 4, relevant.shape, generator=torch.Generator().manual_seed(1)).double()
    )
    expected = []
    for row in range(len(scores)):
        columns = [c for c in range(12) if valid[row, c]]
        discount = [1 / math.log2(2 + c) if c < 5 else 0.0 for c in range(12)]
        pairs = [
            abs(discount[i] - discount[j])
            * float(grades[row, i] - grades[row, j])
            * math.log1p(math.exp(scores[row, j] - scores[row, i]))
            for i in columns
            for j in columns
            if grades[row, i] > grades[row, j]
        ]
        expected.append(sum(pairs) / len(pairs))
    loss = adore_loss(scores.double(), grades, valid, metric_cut=5, gain="ndcg")
    assert loss.item() == pytest.approx(sum(expected) / len(expected), rel=1e-6)


@pytest.mark.parametrize("filler", [0.0, math.inf, -math.inf, math.nan])
def test_softmax_is_each_relevant_document_against_all_others(filler):
    scores, relevant, valid = batch(5)
    relevant[0], relevant[1] = False, True  # two queries without a pair
    looped = scores.double().clone().requires_grad_()
    queries = []
    for row in range(len(scores)):
        columns = [c for c in range(12) if valid[row, c]]
        others = [c for c in columns if not relevant[row, c]]
        terms = [
            -torch.log_softmax(looped[row, [i, *others]], dim=0)[0]
            for i in columns
            if relevant[row, i] and others
        ]
        queries.append(sum(terms) / len(terms) if terms else 0.0)
    expected = sum(queries) / len(queries)
    expected.backward()
    batched = torch.where(valid, scores, filler).double().requires_grad_()
    loss = softmax_loss(batched, relevant, valid)
    loss.backward()
    torch.testing.assert_close(loss, expected, rtol=1e-9, atol=1e-12)
    torch.testing.assert_close(batched.grad, looped.grad, rtol=1e-7, atol=1e-12)


def test_extreme_differences_stay_finite():
    scores = torch.tensor([[500.0, -500.0]], requires_grad=True)
    loss = ltre_loss(scores, torch.tensor([[False, True]]), torch.ones(1, 2, dtype=torch.bool))
    loss.backward()
    assert loss.item() == 1000.0
    assert scores.grad.tolist() == [[1.0, -1.0]]


@pytest.mark.parametrize(("hits", "cut"), [(10, 5), (10, 200), (25, 10), (6, 6)])
def test_full_retrieval_as_the_reference_does_it(hits, cut):
    """As in the golden values: relevant documents are appended only where none was retrieved."""
    generator = torch.Generator().manual_seed(hits + cut)
    documents = torch.randn(60, 8, generator=generator)
    queries = torch.randn(4, 8, generator=generator)
    retrieved = (queries @ documents.T).topk(hits).indices
    relevant_rows = [torch.randperm(60, generator=generator)[: 1 + q].tolist() for q in range(4)]
    relevant_rows[0] = [retrieved[0, 2].item(), retrieved[0, 4].item()]
    relevant_rows[1] = (queries[1] @ documents.T).argsort()[:3].tolist()  # the worst three: not retrieved

    grads, losses = [], []
    for one_by_one in (False, True):
        embeddings = queries.clone().requires_grad_()
        rows = [row.tolist() for row in retrieved]
        rows = [r + ([] if set(r) & set(p) else p) for r, p in zip(rows, relevant_rows, strict=True)]
        if one_by_one:
            each = []
            for q, (r, p) in enumerate(zip(rows, relevant_rows, strict=True)):
                scores = (documents[r] @ embeddings[q]).unsqueeze(0)
                is_relevant = torch.tensor([[row in p for row in r]])
                each.append(by_loops(scores, is_relevant, torch.ones_like(is_relevant), reciprocal_rank(cut)))
            loss = sum(each) / len(each)
        else:
            width = max(map(len, rows))
            padded = torch.tensor([r + [0] * (width - len(r)) for r in rows])
            valid = torch.tensor([[c < len(r) for c in range(width)] for r in rows])
            pairs = zip(padded.tolist(), relevant_rows, strict=True)
            relevant = torch.tensor([[row in p for row in r] for r, p in pairs])
            scores = torch.einsum("bd,bmd->bm", embeddings, documents[padded])
            loss = adore_loss(scores, relevant & valid, valid, metric_cut=cut)
        loss.backward()
        losses.append(loss.detach())
        grads.append(embeddings.grad)
    assert len(rows[1]) == hits + 3
    torch.testing.assert_close(losses[0], losses[1], rtol=1e-4, atol=1e-7)
    torch.testing.assert_close(grads[0], grads[1], rtol=1e-4, atol=1e-6)
