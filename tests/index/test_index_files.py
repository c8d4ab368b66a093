"""FAISS index files of every kind that a Pyserini user may have, as they are on disk."""

import faiss
import numpy as np
import pytest
import torch

from pyserini_ltre.errors import InputError
from pyserini_ltre.index.faiss import FaissIndex, flat_vectors, read_index_file

DIMENSION = 32
GENERATOR = np.random.default_rng(3)
DOCUMENTS = GENERATOR.normal(size=(900, DIMENSION)).astype(np.float32)
QUERIES = torch.from_numpy(GENERATOR.normal(size=(12, DIMENSION)).astype(np.float32))
ROWS = torch.tensor([[0, 899, 3], [450, 3, 77]])
KINDS = (
    "Flat",
    "HNSW16",
    "HNSW16,SQ8",
    "IVF8,Flat",
    "IVF8,SQ8",
    "IVF8,SQfp16",
    "IVF8,PQ8x4",
    "IVF8,PQ8x4fs",
    "IVF8_HNSW16,Flat",
    "PQ8x4",
    "PQ8x4fs",
    "OPQ8_16,PQ8x4",
    "OPQ8,IVF8,PQ8x4",
    "PCAR16,Flat",
    "PCA16,IVF8,SQ8",
    "SQ8",
    "SQfp16",
    "PQ8x4,RFlat",
    "PQ8x4fs,Refine(SQ8)",
    "IVF8,PQ8x4,RFlat",
    "IDMap,Flat",
    "IDMap,IVF8,SQ8",
    "IDMap2,HNSW16",
)
HITS = 20


def build(kind, metric=faiss.METRIC_INNER_PRODUCT):
    index = faiss.index_factory(DIMENSION, kind, metric)
    index.train(DOCUMENTS)
    if isinstance(index, faiss.IndexIDMap):
        index.add_with_ids(DOCUMENTS, np.arange(len(DOCUMENTS)))
    else:
        index.add(DOCUMENTS)
    graph = faiss.downcast_index(index.index) if isinstance(index, faiss.IndexIDMap) else index
    if isinstance(graph, faiss.IndexHNSW):
        graph.hnsw.efSearch = HITS  # with fewer, FAISS itself would find fewer
    return index


def written(index, tmp_path):
    faiss.write_index(index, str(tmp_path / "index"))
    return read_index_file(tmp_path / "index")


@pytest.mark.parametrize("kind", KINDS)
def test_every_kind_searches_and_decodes_as_in_memory(kind, tmp_path):
    index = build(kind)
    seam = FaissIndex(written(index, tmp_path))
    scores, rows = seam.search(QUERIES, HITS)
    expected_scores, expected_rows = index.search(QUERIES.numpy(), HITS)
    np.testing.assert_array_equal(rows.numpy(), expected_rows)
    found = rows >= 0
    np.testing.assert_array_equal(scores.numpy()[found], expected_scores[found])

    vectors = seam.vectors(ROWS)
    assert vectors.shape == (2, 3, DIMENSION)
    if "IDMap" in kind:
        owner, index = index, faiss.downcast_index(index.index)
        assert owner.ntotal == index.ntotal
    inverted = faiss.try_extract_index_ivf(index)
    if inverted is not None:
        inverted.make_direct_map()
    expected = np.stack([index.reconstruct(int(row)) for row in ROWS.ravel()]).reshape(2, 3, DIMENSION)
    np.testing.assert_allclose(vectors.numpy(), expected, rtol=1e-4, atol=1e-5)
    if "Flat" in kind and "PCA" not in kind:
        np.testing.assert_array_equal(vectors.numpy(), DOCUMENTS[ROWS.numpy()])


def test_flat_vectors_are_those_of_the_file(tmp_path):
    for kind in ("Flat", "IDMap,Flat"):
        index = written(build(kind), tmp_path)
        np.testing.assert_array_equal(flat_vectors(index), DOCUMENTS)
    assert flat_vectors(build("SQ8")) is None


def test_ids_that_are_not_row_numbers_are_refused(tmp_path):
    index = faiss.index_factory(DIMENSION, "IDMap,Flat", faiss.METRIC_INNER_PRODUCT)
    index.add_with_ids(DOCUMENTS, np.arange(len(DOCUMENTS))[::-1].copy())
    with pytest.raises(InputError, match="index: its ids are not the row numbers"):
        written(index, tmp_path)
    index = faiss.index_factory(DIMENSION, "IVF8,Flat", faiss.METRIC_INNER_PRODUCT)
    index.train(DOCUMENTS)
    index.add_with_ids(DOCUMENTS, np.arange(len(DOCUMENTS)) + 5000)
    with pytest.raises(InputError, match="ids of its own"):
        FaissIndex(written(index, tmp_path))


def test_lists_on_disk_are_read(tmp_path):
    index = build("IVF8,Flat")
    lists = faiss.OnDiskInvertedLists(8, index.code_size, str(tmp_path / "lists"))
    lists.merge_from_1(index.invlists)
    index.replace_invlists(lists)
    seam = FaissIndex(written(index, tmp_path))
    np.testing.assert_array_equal(seam.search(QUERIES, 5)[1].numpy(), index.search(QUERIES.numpy(), 5)[1])
    np.testing.assert_array_equal(seam.vectors(ROWS).numpy(), DOCUMENTS[ROWS.numpy()])


def test_stored_search_parameters_are_used(tmp_path):
    index = build("IVF8,Flat")
    assert (FaissIndex(written(index, tmp_path)).search(QUERIES, 300)[1] < 0).any()
    index.nprobe = 8
    scores, rows = FaissIndex(written(index, tmp_path)).search(QUERIES, 300)
    expected, expected_rows = (QUERIES @ torch.from_numpy(DOCUMENTS).T).topk(300)
    assert torch.equal(rows, expected_rows)
    torch.testing.assert_close(scores, expected)


def test_where_rows_are_is_noted_only_when_vectors_are_asked_for(tmp_path):
    index = written(build("IVF8,Flat"), tmp_path)
    seam = FaissIndex(index)
    seam.search(QUERIES, 5)
    assert index.direct_map.no()
    seam.vectors(ROWS)
    assert not index.direct_map.no()


def test_euclidean_distance_behind_another_name_is_refused():
    with pytest.raises(InputError, match="Euclidean"):
        FaissIndex(
            build("HNSW16,PQ8x4")
        )  # FAISS makes this one with Euclidean distance whatever is asked for
