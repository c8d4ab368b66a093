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
