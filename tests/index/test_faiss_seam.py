"""Any FAISS index behind the retrieval seam: its own search, its own vectors."""

import faiss
import numpy as np
import pytest
import torch

from pyserini_ltre.errors import InputError
from pyserini_ltre.index.exact import ExactIndex
from pyserini_ltre.index.faiss import FaissIndex

DIMENSION = 32
GENERATOR = np.random.default_rng(11)
DOCUMENTS = GENERATOR.normal(size=(700, DIMENSION)).astype(np.float32)
DOCUMENTS /= np.linalg.norm(DOCUMENTS, axis=1, keepdims=True)
QUERIES = torch.from_numpy(DOCUMENTS[:20] + 0.05 * GENERATOR.normal(size=(20, DIMENSION)).astype(np.float32))
KINDS = ("Flat", "HNSW16", "IVF8,Flat", "PQ8x4", "OPQ8,PQ8x4", "IVF8,PQ8x4", "SQ8")


def build(kind, metric=faiss.METRIC_INNER_PRODUCT):
    index = faiss.index_factory(DIMENSION, kind, metric)
    index.train(DOCUMENTS)
    index.add(DOCUMENTS)
    return index


@pytest.mark.parametrize("kind", KINDS)
def test_search_and_vectors_are_those_of_the_index(kind):
    index = build(kind)
    seam = FaissIndex(index)
    assert (len(seam), seam.dimension) == (700, DIMENSION)
    scores, rows = seam.search(QUERIES, 10)
    expected_scores, expected_rows = index.search(QUERIES.numpy(), 10)
    np.testing.assert_array_equal(rows.numpy(), expected_rows)
    found = rows >= 0
    np.testing.assert_array_equal(scores.numpy()[found], expected_scores[found])
    assert (scores.diff(dim=1)[found[:, 1:]] <= 0).all()
    assert (rows[:, :3] == torch.arange(20).unsqueeze(1)).any(1).float().mean() > 0.9

    vectors = seam.vectors(rows.clamp(min=0))
    assert vectors.shape == (20, 10, DIMENSION)
    assert vectors.dtype == torch.float32
    for row in (0, 3, 699):
        np.testing.assert_array_equal(seam.vectors(torch.tensor(row)).numpy(), index.reconstruct(row))
    # The score of a hit is the inner product with its decoded vector, so a loss may be computed from either.
    products = torch.einsum("bd,bkd->bk", QUERIES, vectors)
    torch.testing.assert_close(products[found], scores[found], rtol=1e-3, atol=1e-3)


def test_flat_equals_exact():
    scores, rows = FaissIndex(build("Flat")).search(QUERIES, 25)
    exact_scores, exact_rows = ExactIndex(torch.from_numpy(DOCUMENTS), chunk=64).search(QUERIES, 25)
    assert torch.equal(rows, exact_rows)
    torch.testing.assert_close(scores, exact_scores)


def test_fewer_hits_than_wanted_are_padded():
    seam = FaissIndex(build("IVF8,Flat"))  # searches one list of about 90 documents
    scores, rows = seam.search(QUERIES, 300)
    missing = rows < 0
    assert missing.any()
    assert (~missing).any()
    assert (rows[missing] == -1).all()
    assert torch.isneginf(scores[missing]).all()
    assert torch.isfinite(scores[~missing]).all()


def test_repeated_rows_keep_their_places():
    seam = FaissIndex(build("Flat"))
    rows = torch.tensor([[5, 2, 5], [2, 2, 699]])
    np.testing.assert_array_equal(seam.vectors(rows).numpy(), DOCUMENTS[rows.numpy()])


def test_queries_with_gradients_may_be_given():
    scores, _ = FaissIndex(build("Flat")).search(QUERIES.clone().requires_grad_(), 5)
    assert not scores.requires_grad


@pytest.mark.parametrize("kind", ["Flat", "HNSW16"])
def test_euclidean_distance_is_refused(kind):
    with pytest.raises(InputError, match="inner product"):
        FaissIndex(build(kind, faiss.METRIC_L2))


def test_a_graph_gives_as_many_hits_as_are_wanted():
    vectors = np.random.default_rng(2).normal(size=(500, 16)).astype(np.float32)
    graph = faiss.index_factory(16, "HNSW16", faiss.METRIC_INNER_PRODUCT)
    graph.add(vectors)
    queries = torch.from_numpy(vectors[:5])
    assert (graph.search(vectors[:5], 200)[1] < 0).any()  # by itself it looks at 16
    _, rows = FaissIndex(graph).search(queries, 200)
    assert (rows >= 0).all()
    assert graph.hnsw.efSearch == 16
    _, exact = ExactIndex(torch.from_numpy(vectors)).search(queries, 200)
    assert (
        sum(len(set(a) & set(b)) for a, b in zip(rows.tolist(), exact.tolist(), strict=True))
        > 0.9 * rows.numel()
    )
