"""The compressed copy of an index: whole, repeatable, measured."""

import shutil
import subprocess
import sys

import faiss
import numpy as np
import pytest
import torch

from pyserini_ltre.errors import InputError
from pyserini_ltre.index import IndexDirectory, open_index
from pyserini_ltre.index.__main__ import main
from pyserini_ltre.index.compress import compress
from pyserini_ltre.index.faiss import FaissIndex
from pyserini_ltre.index.writing import write_index_directory

DIMENSION = 32
VECTORS = np.random.default_rng(4).normal(size=(1000, DIMENSION)).astype(np.float32)
DOCIDS = [f"{row:04d}" for row in range(1000)]
RECORD = {"name": "tiny", "pooling": "mean", "normalise": False, "prefix": "", "max_length": 64}


def flat(path, vectors=VECTORS):
    index = faiss.IndexFlatIP(vectors.shape[1])
    index.add(vectors)
    write_index_directory(path, index, DOCIDS[: len(vectors)], RECORD)
    return path


@pytest.fixture(scope="module")
def directory(tmp_path_factory):
    return flat(tmp_path_factory.mktemp("flat") / "index")


def test_copy_is_an_index_directory_with_sizes_and_recall(directory, tmp_path):
    result = compress(IndexDirectory(directory), "SQ8", tmp_path / "small")
    small = IndexDirectory(tmp_path / "small")
    assert small.docids == DOCIDS
    for name in ("docid", "encoder.json"):
        assert (small.path / name).read_bytes() == (directory / name).read_bytes()
    assert isinstance(small.open(), FaissIndex)
    torch.testing.assert_close(
        small.open().vectors(torch.arange(1000)), torch.from_numpy(VECTORS), atol=0.05, rtol=0
    )
    assert result.documents == result.trained_on == 1000
    assert (result.vector_bytes_before, result.vector_bytes_after) == (4 * DIMENSION, DIMENSION)
    assert result.bytes_after == (small.path / "index").stat().st_size < result.bytes_before
    assert result.recall.keys() == {10, 100}
    assert all(0.95 < value <= 1 for value in result.recall.values())


def test_recall_is_measured_with_the_queries_that_are_given(directory, tmp_path):
    queries = np.random.default_rng(1).normal(size=(17, DIMENSION)).astype(np.float32)
    np.save(tmp_path / "queries.npy", queries)
    given = tmp_path / "queries.npy"
    result = compress(IndexDirectory(directory), "PQ8x4", tmp_path / "small", query_vectors=given)
    exact = open_index(directory).search(torch.from_numpy(queries), 10)[1]
    found = open_index(tmp_path / "small").search(torch.from_numpy(queries), 10)[1]
    expected = np.mean(
        [len(set(a) & set(b)) / 10 for a, b in zip(exact.tolist(), found.tolist(), strict=True)]
    )
    assert result.recall[10] == pytest.approx(expected)
    assert result.queries == 17


@pytest.mark.parametrize("factory", ["IVF8,SQ8", "HNSW16,SQ8", "PQ8x4fs,RFlat"])
def test_other_kinds(directory, tmp_path, factory):
    result = compress(IndexDirectory(directory), factory, tmp_path / "small", sample=500)
    assert result.trained_on == 500
    opened = open_index(tmp_path / "small")
    assert opened.search(torch.from_numpy(VECTORS[:2]), 10)[1].shape == (2, 10)
    assert opened.vectors(torch.arange(1000)).shape == (1000, DIMENSION)


def test_equal_seeds_give_equal_files(directory, tmp_path):
    for name, seed in (("one", 1), ("again", 1), ("other", 2)):
        compress(IndexDirectory(directory), "PQ8x4", tmp_path / name, sample=300, seed=seed)
    one, again, other = ((tmp_path / name / "index").read_bytes() for name in ("one", "again", "other"))
    assert one == again
    assert one != other


def test_index_without_record_and_compressed_index_can_be_compressed(directory, tmp_path):
    compress(IndexDirectory(directory), "IVF8,SQ8", tmp_path / "first")
    (tmp_path / "first" / "encoder.json").unlink()
    result = compress(IndexDirectory(tmp_path / "first"), "PQ8x4", tmp_path / "second")
    assert sorted(path.name for path in (tmp_path / "second").iterdir()) == ["docid", "index"]
    assert IndexDirectory(tmp_path / "second").record is None
    assert result.bytes_after < result.bytes_before


@pytest.mark.parametrize(
    ("options", "pattern"),
    [
        (["--factory", "nonsense"], "nonsense: FAISS cannot make it .*could not parse"),
        (["--factory", "PQ7"], r"PQ7: FAISS cannot make it .*multiple of the number"),
        (["--factory", "HNSW16,PQ8"], "no inner product"),
        (["--factory", "IDMap,SQ8"], "no inner product over row numbers"),
        (["--factory", "PQ8", "--sample", "100"], "100 vectors are too few"),
        (["--factory", "IVF2000,Flat"], "1000 vectors are too few"),
        (["--factory", "SQ8", "--sample", "0"], "--sample 0"),
        (["--factory", "SQ8", "--query-vectors", "none.npy"], "none.npy: no such file"),
        (["--factory", "SQ8", "--index", "nowhere"], "nowhere: no file index"),
    ],
)
def test_what_cannot_be_done_is_one_line_and_leaves_nothing(directory, tmp_path, capfd, options, pattern):
    with pytest.raises(SystemExit) as caught:
        main(["compress", "--index", str(directory), "--output", str(tmp_path / "small"), *options])
    assert caught.value.code == 2
    line = capfd.readouterr().err.splitlines()[-1]
    assert line.startswith("pyserini_ltre: ")
    with pytest.raises(InputError, match=pattern):
        raise InputError(line)
    assert not list(tmp_path.iterdir())


def test_original_is_never_replaced(directory):
    before = (directory / "index").read_bytes()
    with pytest.raises(InputError, match="is the index to be compressed"):
        compress(IndexDirectory(directory), "SQ8", directory, overwrite=True)
    with pytest.raises(InputError, match="not empty"):
        compress(IndexDirectory(directory), "SQ8", directory)
    assert (directory / "index").read_bytes() == before


def test_vectors_that_are_not_finite_are_refused(tmp_path):
    broken = VECTORS.copy()
    broken[5, 3] = np.nan
    flat(tmp_path / "index", broken)
    with pytest.raises(InputError, match="index: has vectors that are not finite"):
        compress(IndexDirectory(tmp_path / "index"), "SQ8", tmp_path / "small")


def test_command_reports(directory, tmp_path):
    arguments = [
        "compress",
        "--index",
        str(directory),
        "--factory",
        "PQ8",
        "--output",
        str(tmp_path / "small"),
    ]
    done = subprocess.run(
        [sys.executable, "-m", "pyserini_ltre.index", *arguments], capture_output=True, text=True, check=True
    )
    lines = done.stdout.splitlines()
    assert lines[0].startswith("trained on 1000 vectors")
    assert lines[1] == "FAISS would like at least 9984 to train on: expect a lower recall"
    assert lines[3] == "bytes a document: 128 -> 8, 16.0 times smaller"
    assert lines[4].startswith("against exact search, 256 vectors of the index itself as queries: recall@10 ")
    assert lines[5] == f"1000 documents in {tmp_path / 'small'}"
    assert "WARNING" not in done.stderr
    assert "1000/1000" in done.stderr


def test_an_id_that_is_there_twice_is_refused(directory, tmp_path):
    twice = tmp_path / "twice"
    shutil.copytree(directory, twice)
    (twice / "docid").write_text("".join(f"{docid}\n" for docid in [*DOCIDS[:-1], DOCIDS[0]]))
    with pytest.raises(InputError, match="0000 is there twice"):
        compress(IndexDirectory(twice), "SQ8", tmp_path / "small")
    assert not (tmp_path / "small").exists()
