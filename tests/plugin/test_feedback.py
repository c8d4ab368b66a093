"""Vectors of what is found, for pseudo relevance feedback; test_in_pyserini.py compares whole runs."""

import faiss
import numpy as np
import pytest

from pyserini_ltre.plugin.feedback import give_vectors_back

VECTORS = np.random.default_rng(5).normal(size=(400, 32)).astype(np.float32)


@pytest.mark.parametrize("kind", ["IVF4,PQ8x4fs", "OPQ8,IVF4,PQ8x4fs"])
def test_inverted_four_bit_codes_give_their_vectors(kind, tmp_path):
    index = faiss.index_factory(32, kind, faiss.METRIC_INNER_PRODUCT)
    index.train(VECTORS)
    index.add(VECTORS)
    faiss.write_index(index, str(tmp_path / "index"))
    index = faiss.read_index(str(tmp_path / "index"))
    with pytest.raises(RuntimeError):  # why this is needed; if FAISS learns it, all of it can go
        index.search_and_reconstruct(VECTORS[:3], 5)
    give_vectors_back(index)
    scores, rows, vectors = index.search_and_reconstruct(VECTORS[:3], 5)
    assert [row.tolist() for row in rows] == index.search(VECTORS[:3], 5)[1].tolist()
    assert vectors.shape == (3, 5, 32)
    # Codes of four bits are coarse, and scores are made from tables of eight; they are of these vectors all the same.
    np.testing.assert_allclose(np.einsum("qd,qkd->qk", VECTORS[:3], vectors), scores, atol=2)


def test_other_indexes_stay_as_they_are():
    index = faiss.index_factory(32, "Flat", faiss.METRIC_INNER_PRODUCT)
    give_vectors_back(index)
    assert "search_and_reconstruct" not in vars(index)
