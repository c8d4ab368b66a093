"""Exact search equals brute force and FAISS's flat index, whatever the chunks."""

import faiss
import numpy as np
import pytest
import torch

from pyserini_ltre.index.exact import ExactIndex

GENERATOR = torch.Generator().manual_seed(5)
DOCUMENTS = torch.randn(103, 16, generator=GENERATOR)
QUERIES = torch.randn(7, 16, generator=GENERATOR)


@pytest.mark.parametrize("chunk", [1, 10, 50, 103, 1000])
@pytest.mark.parametrize("k", [1, 12, 103])
def test_equals_brute_force_and_faiss_flat(chunk, k):
    scores, rows = ExactIndex(DOCUMENTS, chunk=chunk).search(QUERIES, k)
    brute_scores, brute_rows = (QUERIES @ DOCUMENTS.T).sort(dim=1, descending=True)
    assert torch.equal(rows, brute_rows[:, :k])
    torch.testing.assert_close(scores, brute_scores[:, :k])
    flat = faiss.IndexFlatIP(16)
    flat.add(DOCUMENTS.numpy())
    flat_scores, flat_rows = flat.search(QUERIES.numpy(), k)
    np.testing.assert_array_equal(rows.numpy(), flat_rows)
    np.testing.assert_allclose(scores.numpy(), flat_scores, rtol=1e-5, atol=1e-5)


@pytest.mark.parametrize("chunk", [40, 1000])
def test_more_hits_than_documents_are_padded(chunk):
    scores, rows = ExactIndex(DOCUMENTS, chunk=chunk).search(QUERIES, 110)
    assert scores.shape == rows.shape == (7, 110)
    assert torch.equal(rows[:, :103].sort(dim=1).values, torch.arange(103).expand(7, -1))
    assert (rows[:, 103:] == -1).all()
    assert torch.isneginf(scores[:, 103:]).all()
    assert torch.isfinite(scores[:, :103]).all()


def test_search_carries_no_gradient_and_vectors_are_the_rows():
    index = ExactIndex(DOCUMENTS)
    scores, rows = index.search(QUERIES.clone().requires_grad_(), 5)
    assert not scores.requires_grad
    assert torch.equal(index.vectors(rows), DOCUMENTS[rows])
    assert (len(index), index.dimension) == (103, 16)


def test_half_precision_documents_are_searched_and_returned_as_float32():
    index = ExactIndex(DOCUMENTS.bfloat16(), chunk=20)
    scores, rows = index.search(QUERIES, 3)
    assert scores.dtype == index.vectors(rows).dtype == torch.float32
    torch.testing.assert_close(scores, (QUERIES @ DOCUMENTS.T).gather(1, rows), rtol=0.05, atol=0.1)


@pytest.mark.parametrize("order", ["rising", "falling", "equal"])
def test_every_order_of_documents_gives_the_same(order):
    # Rising scores: every chunk beats all before it. Equal: nothing beats the first documents.
    length = torch.linspace(1, 2, 500) if order == "rising" else torch.linspace(2, 1, 500)
    if order == "equal":
        length = torch.ones(500)
    direction = torch.nn.functional.normalize(torch.randn(16, generator=GENERATOR), dim=0)
    documents = length.unsqueeze(1) * direction
    scores, rows = ExactIndex(documents, chunk=50).search(direction.expand(3, -1), 60)
    torch.testing.assert_close(scores, length.sort(descending=True).values[:60].expand(3, -1))
    torch.testing.assert_close(length[rows], scores)
    assert all(len(set(found)) == 60 for found in rows.tolist())


def test_query_that_is_not_a_number_does_not_harm_the_others():
    queries = QUERIES.clone()
    queries[2] = float("nan")
    scores, rows = ExactIndex(DOCUMENTS, chunk=20).search(queries, 5)
    kept = [0, 1, 3, 4, 5, 6]
    expected_scores, expected_rows = (QUERIES @ DOCUMENTS.T).topk(5)
    assert torch.equal(rows[kept], expected_rows[kept])
    torch.testing.assert_close(scores[kept], expected_scores[kept])


@pytest.mark.parametrize("queries", [1, 3000])
def test_few_and_many_queries(queries):
    wanted = torch.randn(queries, 16, generator=GENERATOR)
    documents = torch.randn(3000, 16, generator=GENERATOR)
    scores, rows = ExactIndex(documents).search(wanted, 7)
    expected_scores, expected_rows = (wanted @ documents.T).topk(7)
    assert torch.equal(rows, expected_rows)
    torch.testing.assert_close(scores, expected_scores)
