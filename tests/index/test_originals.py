"""The original vectors of a compressed index: searched as it is, exact vectors."""

import faiss
import numpy as np
import pytest
import torch

from pyserini_ltre.errors import InputError
from pyserini_ltre.index import open_index
from pyserini_ltre.index.originals import read_vectors
from pyserini_ltre.index.writing import write_index_directory

DIMENSION = 16
VECTORS = np.random.default_rng(6).normal(size=(400, DIMENSION)).astype(np.float32)
QUERIES = torch.from_numpy(VECTORS[:5])
RECORD = {"name": "tiny", "pooling": "mean", "normalise": False, "prefix": "", "max_length": 64}


@pytest.fixture(scope="module", params=["PQ4x4", "IVF4,PQ4x4"])
def directory(request, tmp_path_factory):
    index = faiss.index_factory(DIMENSION, request.param, faiss.METRIC_INNER_PRODUCT)
    index.train(VECTORS)
    index.add(VECTORS)
    path = tmp_path_factory.mktemp("compressed") / "index"
    write_index_directory(path, index, [str(row) for row in range(400)], RECORD)
    return path


@pytest.mark.parametrize("kind", [np.float32, np.float16])
@pytest.mark.parametrize("backend", [None, "exact", "exact-bf16"])
def test_search_goes_through_the_index_and_vectors_come_from_the_file(directory, tmp_path, kind, backend):
    np.save(tmp_path / "vectors.npy", VECTORS.astype(kind))
    index = open_index(directory, backend, vectors=tmp_path / "vectors.npy")
    compressed = open_index(directory, backend)
    assert (len(index), index.dimension) == (400, DIMENSION)
    scores, rows = index.search(QUERIES, 20)
    expected, expected_rows = compressed.search(QUERIES, 20)
    assert torch.equal(rows, expected_rows)
    assert torch.equal(scores, expected)
    vectors = index.vectors(rows.clamp(min=0))
    assert vectors.shape == (5, 20, DIMENSION)
    assert vectors.dtype == torch.float32
    np.testing.assert_array_equal(vectors.numpy(), VECTORS.astype(kind)[rows.clamp(min=0)].astype(np.float32))
    assert index.vectors(torch.tensor(7)).shape == (DIMENSION,)
    assert isinstance(index.originals, np.memmap)


def refused(directory, path, pattern):
    with pytest.raises(InputError, match=pattern) as caught:
        open_index(directory, vectors=path)
    assert "\n" not in str(caught.value)
    assert str(path) in str(caught.value)


@pytest.mark.parametrize(
    ("vectors", "pattern"),
    [
        (VECTORS[:-1], "399 vectors for the 400 documents"),
        (VECTORS[:, :-1], "16 dimensions"),
        (VECTORS[0], "16 dimensions"),
        (VECTORS.astype(np.float64), "float64"),
        (VECTORS.astype(np.int32), "int32"),
        (VECTORS[::-1], "rows are not those of the index"),
    ],
)
def test_vectors_of_something_else_are_refused(directory, tmp_path, vectors, pattern):
    np.save(tmp_path / "vectors.npy", vectors)
    refused(directory, tmp_path / "vectors.npy", pattern)


@pytest.mark.parametrize("content", [b"", b"text", b"\x93NUMPY", b"PK\x03\x04"])
def test_what_is_no_numpy_file_is_refused(directory, tmp_path, content):
    (tmp_path / "vectors.npy").write_bytes(content)
    refused(directory, tmp_path / "vectors.npy", "vectors.npy: not a .npy file")


def test_missing_folders_and_archives_are_refused(directory, tmp_path):
    refused(directory, tmp_path / "none.npy", "no such file")
    refused(directory, tmp_path, "not a .npy file")
    np.savez(tmp_path / "archive.npz", a=VECTORS)
    refused(directory, tmp_path / "archive.npz", "not a .npy file")
    np.save(tmp_path / "objects.npy", np.array([{}, None], dtype=object))
    refused(directory, tmp_path / "objects.npy", "not a .npy file")
    np.save(tmp_path / "cut.npy", VECTORS)
    content = (tmp_path / "cut.npy").read_bytes()
    (tmp_path / "cut.npy").write_bytes(content[: len(content) // 2])
    refused(directory, tmp_path / "cut.npy", "not a .npy file")


def test_files_are_mapped_not_read(tmp_path):
    np.save(tmp_path / "vectors.npy", VECTORS)
    assert isinstance(read_vectors(tmp_path / "vectors.npy", DIMENSION), np.memmap)
