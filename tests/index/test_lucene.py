"""Lucene indexes of vectors, as Anserini makes them: every vector and id, exact search, and refusals."""

import json
import shutil

import numpy as np
import pytest
import torch
from hostile import damaged, explained
from hypothesis import given
from hypothesis import strategies as st

from pyserini_ltre.errors import InputError
from pyserini_ltre.index import IndexDirectory, open_directory, open_index
from pyserini_ltre.index.__main__ import main
from pyserini_ltre.index.exact import exact_search

KINDS = ("flat", "flat-int8", "hnsw", "hnsw-int8", "pieces", "compound")


@pytest.fixture(scope="module")
def expected(lucene_indexes):
    docids = json.loads((lucene_indexes / "docids.json").read_text())
    return dict(zip(docids, torch.from_numpy(np.load(lucene_indexes / "vectors.npy")), strict=True))


@pytest.mark.parametrize("kind", KINDS)
def test_vectors_ids_and_search_are_those_that_went_in(lucene_indexes, expected, kind):
    directory = open_directory(lucene_indexes / kind)
    assert sorted(directory.docids) == sorted(expected)
    documents = torch.stack([expected[docid] for docid in directory.docids])
    index = directory.open()
    assert (len(index), index.dimension) == documents.shape
    rows = torch.tensor([[0, 119, 3], [60, 3, 40]])
    assert torch.equal(index.vectors(rows), documents[rows])
    queries = torch.randn(9, index.dimension, generator=torch.Generator().manual_seed(1))
    for k in (5, 130):  # more than there are: minus infinity and -1 at the end
        scores, found = index.search(queries, k)
        wanted_scores, wanted = exact_search(documents, queries, k)
        assert torch.equal(found, wanted)
        torch.testing.assert_close(scores, wanted_scores)
    assert (directory.open("exact-bf16").search(queries, 3)[1] == wanted[:, :3]).all()


def test_several_segments_are_several_pieces(lucene_indexes):
    for kind in ("flat", "pieces", "compound"):  # two threads make two pieces, or one if the first is faster
        segments = [*(lucene_indexes / kind).glob("*.si")]
        assert len(open_directory(lucene_indexes / kind).pieces) == len(segments)
    assert len(segments) == 3


def test_fingerprint_is_of_the_content(lucene_indexes, tmp_path):
    flat, graph, pieces = (
        open_directory(lucene_indexes / kind).fingerprint for kind in ("flat", "hnsw-int8", "compound")
    )
    # Lucene gives every index that it writes an id of its own; these are of the same documents in the same order.
    assert flat == graph != pieces
    shutil.copytree(lucene_indexes / "flat", tmp_path / "copy")
    (file,) = (tmp_path / "copy").glob("*.vec")
    content = bytearray(file.read_bytes())
    content[-20] ^= 1
    file.write_bytes(content)
    assert open_directory(tmp_path / "copy").fingerprint != flat


def test_compressed_to_faiss(lucene_indexes, expected, tmp_path, capsys):
    source, output = str(lucene_indexes / "pieces"), str(tmp_path / "small")
    main(["compress", "--index", source, "--factory", "SQ8", "--output", output])
    assert "120 documents" in capsys.readouterr().out
    small = IndexDirectory(tmp_path / "small")
    assert small.docids == open_directory(lucene_indexes / "pieces").docids
    decoded = small.open().vectors(torch.arange(120))
    torch.testing.assert_close(
        decoded, torch.stack([expected[docid] for docid in small.docids]), atol=0.01, rtol=0
    )


@pytest.mark.parametrize(
    ("kind", "fault"),
    [
        ("deleted", "documents have been deleted"),
        ("lacking", "1 documents have no vector"),
        ("nameless", "no field id"),
        ("distances", "no inner product"),
        ("texts", "no dense vectors, only text"),
        ("empty", "no documents"),
    ],
)
def test_what_cannot_be_used_is_said(lucene_indexes, kind, fault):
    with pytest.raises(InputError, match=fault) as refused:
        open_index(lucene_indexes / kind)
    assert str(lucene_indexes / kind) in str(refused.value)


def test_faiss_cannot_search_it(lucene_indexes):
    with pytest.raises(InputError, match="`search_backend` faiss: a Lucene index is searched exactly"):
        open_index(lucene_indexes / "hnsw", "faiss")


FILES = [
    ("flat", name)
    for name in (
        "segments_1",
        "_0.si",
        "_0.fnm",
        "*.vemf",  # Pyserini 1.6 and 2.x call them differently
        "*.vec",
        "_0_Lucene90_0.dvm",
        "_0_Lucene90_0.dvd",
    )
]


@given(st.sampled_from([*FILES, ("compound", "_0.cfe"), ("compound", "_0.cfs")]), st.data())
def test_damaged_files(tmp_path, lucene_indexes, which, data):
    kind, name = which
    shutil.rmtree(tmp_path / "index", ignore_errors=True)
    shutil.copytree(lucene_indexes / kind, tmp_path / "index")
    (file,) = (tmp_path / "index").glob(name)
    file.write_bytes(data.draw(damaged(file.read_bytes())))
    with explained(tmp_path):
        directory = open_directory(tmp_path / "index")
        assert directory.open().search(torch.ones(2, directory.dimension), 5)[1].shape == (2, 5)
        assert len(directory.docids) == 120


@pytest.mark.parametrize(("kind", "name"), FILES)
def test_missing_files(tmp_path, lucene_indexes, kind, name):
    shutil.copytree(lucene_indexes / kind, tmp_path / "index")
    (file,) = (tmp_path / "index").glob(name)
    file.unlink()
    with pytest.raises(InputError, match=str(tmp_path / "index")):
        open_directory(tmp_path / "index")
