"""Exact search in bfloat16: almost the same documents in half the memory, exact vectors."""

import pytest
import torch

from pyserini_ltre.index.exact import CHUNK, Bfloat16Index, ExactIndex

GENERATOR = torch.Generator().manual_seed(8)


def normalised(rows, dimension=96):
    return torch.nn.functional.normalize(torch.randn(rows, dimension, generator=GENERATOR), dim=1)


def overlap(rows, expected):
    return float((rows[:, :, None] == expected[:, None, :]).any(2).float().mean())


def test_finds_the_documents_of_float32():
    originals, queries = ExactIndex(normalised(20_000)), normalised(16)
    index = Bfloat16Index(originals)
    assert index.documents.dtype == torch.bfloat16
    assert (len(index), index.dimension) == (20_000, 96)
    scores, rows = index.search(queries, 100)
    expected, expected_rows = originals.search(queries, 100)
    assert scores.dtype == torch.float32
    assert (scores.diff(dim=1) <= 0).all()
    assert overlap(rows, expected_rows) > 0.99
    torch.testing.assert_close(scores, expected, atol=1e-3, rtol=0)
    assert torch.equal(index.vectors(rows), originals.vectors(rows))


def test_large_scores_that_all_documents_share_do_not_drown_the_differences():
    # As with ANCE: scores around 500 that differ by units. bfloat16 would round each of them to a multiple of 2.
    shared = torch.full((96,), 2.3)
    originals = ExactIndex(normalised(5000) * 5 + shared)
    queries = normalised(16) * 5 + shared
    scores, rows = Bfloat16Index(originals).search(queries, 50)
    expected, expected_rows = originals.search(queries, 50)
    assert expected.min() > 400
    assert overlap(rows, expected_rows) > 0.98
    torch.testing.assert_close(scores, expected, atol=0.2, rtol=0)


def test_more_hits_than_documents_are_padded():
    index = Bfloat16Index(ExactIndex(normalised(30)))
    scores, rows = index.search(normalised(3), 40)
    assert torch.equal(rows[:, :30].sort(dim=1).values, torch.arange(30).expand(3, -1))
    assert (rows[:, 30:] == -1).all()
    assert torch.isneginf(scores[:, 30:]).all()
    assert torch.isfinite(scores[:, :30]).all()


def test_queries_are_scored_again_in_parts(monkeypatch):
    index, queries = Bfloat16Index(ExactIndex(normalised(500))), normalised(11)
    scores, rows = index.search(queries, 10)
    monkeypatch.setattr("pyserini_ltre.index.exact.ELEMENTS", 96 * 27 * 4)  # four queries at a time
    again, rows_again = index.search(queries.requires_grad_(), 10)
    assert torch.equal(rows, rows_again)
    torch.testing.assert_close(scores, again)
    assert not again.requires_grad


@pytest.mark.parametrize("documents", [1, CHUNK, CHUNK + 1])
def test_every_document_is_converted(documents):
    vectors = normalised(documents, 8)
    index = Bfloat16Index(ExactIndex(vectors))
    torch.testing.assert_close(index.documents.float() + index.centre, vectors, atol=0.01, rtol=0)
