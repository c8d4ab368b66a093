"""Codes in memory and vectors on disk: the exact order at the size of codes, for as many candidates as that takes."""

import json

import faiss
import numpy as np
import pytest
import torch

from pyserini_ltre.errors import InputError
from pyserini_ltre.index import IndexDirectory, open_index
from pyserini_ltre.index.__main__ import main
from pyserini_ltre.index.compress import compress
from pyserini_ltre.index.tune import tune_again
from pyserini_ltre.index.writing import write_index_directory

DIMENSION, COUNT = 32, 2000
DOCIDS = [f"{row:04d}" for row in range(COUNT)]


@pytest.fixture(scope="module")
def vectors():
    generator = np.random.default_rng(4)
    found = generator.normal(size=(COUNT, DIMENSION)).astype(np.float32)
    return found / np.linalg.norm(found, axis=1, keepdims=True)


@pytest.fixture(scope="module")
def directory(vectors, tmp_path_factory):
    index = faiss.IndexFlatIP(DIMENSION)
    index.add(vectors)
    record = {"name": "tiny", "pooling": "mean", "normalise": True, "prefix": "", "max_length": 64}
    path = tmp_path_factory.mktemp("flat") / "index"
    write_index_directory(path, index, DOCIDS, record)
    return path


@pytest.fixture(scope="module")
def queries():
    return torch.from_numpy(np.random.default_rng(9).normal(size=(20, DIMENSION)).astype(np.float32))


@pytest.mark.parametrize("factory", ["PQ8x4", "OPQ8,PQ8x4", "IVF8,PQ8x4", "HNSW8", "RaBitQ"])
def test_two_levels_find_and_order_as_exact_search_does(directory, queries, tmp_path, factory):
    result = compress(IndexDirectory(directory), factory, tmp_path / "two", refine="exact", recall=0.97)
    assert min(result.tuning.recall.values()) >= 0.97
    assert result.recall == pytest.approx(result.tuning.recall)
    if factory != "HNSW8":  # whose first level holds the vectors, too
        assert result.bytes_after < result.bytes_before / 2
    scores, rows = open_index(directory).search(queries, 10)
    two = open_index(tmp_path / "two")
    found_scores, found = two.search(queries, 10)
    same = (rows[:, :, None] == found[:, None, :]).any(2)
    assert same.float().mean() > 0.9
    for query in range(len(queries)):  # what is found has its exact score, and stands in the exact order
        place = {int(row): at for at, row in enumerate(found[query])}
        known = [row for row in rows[query].tolist() if row in place]
        assert [place[row] for row in known] == sorted(place[row] for row in known)
    kept = {
        (query, int(row)): float(s)
        for query in range(20)
        for row, s in zip(rows[query], scores[query], strict=True)
    }
    for query in range(20):
        for row, score in zip(found[query].tolist(), found_scores[query].tolist(), strict=True):
            assert score == pytest.approx(kept.get((query, row), score), abs=1e-5)


def test_vectors_are_the_exact_ones(directory, vectors, tmp_path):
    compress(IndexDirectory(directory), "PQ8x4", tmp_path / "two", refine="exact")
    rows = torch.tensor([[3, 1999], [0, 3]])
    assert np.array_equal(open_index(tmp_path / "two").vectors(rows).numpy(), vectors[rows.numpy()])
    compress(IndexDirectory(directory), "PQ8x4", tmp_path / "bytes", refine="sq8")
    near = open_index(tmp_path / "bytes").vectors(rows).numpy()
    np.testing.assert_allclose(near, vectors[rows.numpy()], atol=0.01)


def test_a_recall_that_cannot_be_had_is_said(directory, tmp_path, capsys):
    main(
        f"compress --index {directory} --factory PQ1x4 --refine sq8 --recall 1 --output {tmp_path / 'two'}".split()
    )
    printed = capsys.readouterr().out
    assert "candidates for each hit: recall@10 " in printed
    assert "1 was asked for: choose longer codes" in printed


def test_tuned_again_it_looks_at_fewer_candidates(directory, tmp_path, queries, capsys):
    compress(IndexDirectory(directory), "PQ8x4", tmp_path / "two", refine="exact", recall=0.99)
    before = IndexDirectory(tmp_path / "two")
    np.save(tmp_path / "queries.npy", queries.numpy())
    main(f"tune --index {tmp_path / 'two'} --recall 0.5 --query-vectors {tmp_path / 'queries.npy'}".split())
    assert "candidates for each hit" in capsys.readouterr().out
    after = IndexDirectory(tmp_path / "two")
    assert after.faiss_index.k_factor < before.faiss_index.k_factor
    assert after.fingerprint == before.fingerprint  # an encoder trained on it still belongs to it
    assert tune_again(tmp_path / "two", 0.99).factor > after.faiss_index.k_factor


def test_more_hits_than_documents(directory, tmp_path, queries):
    compress(IndexDirectory(directory), "PQ8x4", tmp_path / "two", refine="exact")
    scores, rows = open_index(tmp_path / "two").search(queries[:2], COUNT + 5)
    assert (rows[:, -5:] == -1).all() and torch.isneginf(scores[:, -5:]).all()
    assert sorted(rows[0, :COUNT].tolist()) == list(range(COUNT))


def test_bad_input(directory, tmp_path, refused):
    command = ("compress", "--index", directory, "--factory", "PQ8x4", "--output", tmp_path / "two")
    assert "--recall 2" in refused(main, *command, "--refine", "exact", "--recall", 2)
    assert "make it with compress --refine" in refused(main, "tune", "--index", directory)
    assert not (tmp_path / "two").exists()
    with pytest.raises(InputError, match="`refine` half: use one of exact, sq8"):
        compress(IndexDirectory(directory), "PQ8x4", tmp_path / "two", refine="half")
    compress(IndexDirectory(directory), "PQ8x4", tmp_path / "two", refine="exact")
    assert json.loads((tmp_path / "two" / "encoder.json").read_text())["name"] == "tiny"
    line = refused(main, "shard", "--index", tmp_path / "two", "--shards", 2, "--output", tmp_path / "shards")
    assert "two" in line and not (tmp_path / "shards").exists()
