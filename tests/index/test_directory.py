"""Pyserini's index directory: checked when opened, whole when written."""

import gc
import json

import faiss
import numpy as np
import pytest
import torch

from pyserini_ltre.errors import InputError
from pyserini_ltre.index import IndexDirectory, open_index
from pyserini_ltre.index.exact import Bfloat16Index, ExactIndex
from pyserini_ltre.index.faiss import FaissIndex
from pyserini_ltre.index.writing import write_index_directory

DIMENSION = 16
VECTORS = np.random.default_rng(2).normal(size=(300, DIMENSION)).astype(np.float32)
QUERIES = torch.from_numpy(VECTORS[:6] * 1.5)
DOCIDS = [f"{row:04d}" for row in range(300)]
RECORD = {"name": "tiny", "pooling": "mean", "normalise": False, "prefix": "", "max_length": 64}


def build(kind="Flat", metric=faiss.METRIC_INNER_PRODUCT, vectors=VECTORS):
    index = faiss.index_factory(DIMENSION, kind, metric)
    index.train(vectors)
    index.add(vectors)
    return index


@pytest.fixture
def directory(tmp_path):
    write_index_directory(tmp_path / "index", build(), DOCIDS, RECORD)
    return tmp_path / "index"


def refused(path, pattern):
    with pytest.raises(InputError, match=pattern) as caught:
        IndexDirectory(path)
    assert "\n" not in str(caught.value)
    assert str(path) in str(caught.value)


def test_what_is_written_is_read(directory):
    opened = IndexDirectory(directory)
    assert opened.docids == DOCIDS
    assert opened.row_of["0007"] == 7
    record = opened.record.content()
    assert record.pop("docid_sha256")
    assert record == {**RECORD, "dimension": DIMENSION, "documents": 300}
    assert (directory / "docid").read_text() == "".join(f"{docid}\n" for docid in DOCIDS)
    np.testing.assert_array_equal(faiss.read_index(str(directory / "index")).reconstruct_n(), VECTORS)


def test_directory_of_pyserini_has_no_record(directory):
    (directory / "encoder.json").unlink()
    (directory / "docid").write_text("\n".join(DOCIDS))  # without a last line break
    opened = IndexDirectory(directory)
    assert opened.record is None
    assert opened.docids == DOCIDS


def test_ids_with_odd_characters_survive(tmp_path):
    docids = [
        "line\u2028separator",
        "paragraph\u2029x",
        "next\x85line",
        "form\x0cfeed",
        "NA",
        "0007",
        "été 1",
        "日本",
    ]
    write_index_directory(tmp_path / "odd", build(vectors=VECTORS[: len(docids)]), docids, RECORD)
    assert IndexDirectory(tmp_path / "odd").docids == docids


@pytest.mark.parametrize("docid", ["", " padded", "padded\u2028", "line\nbreak", "carriage\rreturn", "0001"])
def test_ids_that_a_line_cannot_hold_or_that_are_twice_are_refused(tmp_path, docid):
    with pytest.raises(InputError, match="document id") as caught:
        write_index_directory(tmp_path / "index", build(), [docid, *DOCIDS[1:]], RECORD)
    assert "\n" not in str(caught.value)
    assert not list(tmp_path.iterdir())


def test_missing_files_are_named(directory, tmp_path):
    refused(tmp_path / "nowhere", "no file index")
    (directory / "docid").rename(tmp_path / "docid")
    refused(directory, "no file docid")
    (tmp_path / "docid").rename(directory / "docid")
    (directory / "index").unlink()
    refused(directory, "no file index")


def test_counts_that_differ_are_refused(directory):
    (directory / "docid").write_text("".join(f"{docid}\n" for docid in DOCIDS[:-1]))
    refused(directory, "300 vectors in index but 299 ids in docid")


@pytest.mark.parametrize("content", [b"", b"not an index", b"IxFI"])
def test_corrupt_index_file_is_refused(directory, content):
    (directory / "index").write_bytes(content)
    refused(directory, "index: FAISS cannot read it")


def test_truncated_index_file_is_refused(directory):
    content = (directory / "index").read_bytes()
    (directory / "index").write_bytes(content[: len(content) // 2])
    refused(directory, "index: FAISS cannot read it")


@pytest.mark.parametrize(
    ("content", "place"), [("{", ":1"), ("[]", ""), ('{"name": "other"}', ""), ('{"unknown": 1}', "")]
)
def test_bad_record_is_refused(directory, content, place):
    (directory / "encoder.json").write_text(content)
    with pytest.raises(InputError, match=rf"encoder.json{place}: .*encode again"):
        _ = IndexDirectory(directory).record


@pytest.mark.parametrize("kind", ["Flat", "HNSW16"])
@pytest.mark.parametrize("backend", [None, "exact", "exact-bf16", "faiss"])
def test_euclidean_distance_is_refused(tmp_path, kind, backend):
    write_index_directory(tmp_path / "index", build(kind, faiss.METRIC_L2), DOCIDS, RECORD)
    with pytest.raises(InputError, match="inner product"):
        open_index(tmp_path / "index", backend)


@pytest.mark.parametrize("kind", ["Flat", "HNSW16", "IVF4,Flat", "PQ4x4", "OPQ4,PQ4x4", "SQ8"])
def test_both_back_ends_search_every_kind_of_index(tmp_path, kind):
    index = build(kind)
    write_index_directory(tmp_path / "index", index, DOCIDS, RECORD)
    default = open_index(tmp_path / "index")
    assert isinstance(default, ExactIndex if kind == "Flat" else FaissIndex)
    exact, by_faiss = (open_index(tmp_path / "index", backend) for backend in ("exact", "faiss"))
    assert isinstance(exact, ExactIndex)
    assert isinstance(by_faiss, FaissIndex)
    if kind.startswith("IVF"):
        faiss.extract_index_ivf(index).make_direct_map()
    decoded = torch.from_numpy(index.reconstruct_n())
    for opened in (exact, by_faiss):
        rows = torch.tensor([[0, 299], [7, 7]])
        torch.testing.assert_close(opened.vectors(rows), decoded[rows])
        assert (len(opened), opened.dimension) == (300, DIMENSION)
    torch.testing.assert_close(
        exact.search(QUERIES, 300)[0], (QUERIES @ decoded.T).sort(1, descending=True).values
    )
    np.testing.assert_array_equal(by_faiss.search(QUERIES, 9)[1].numpy(), index.search(QUERIES.numpy(), 9)[1])


@pytest.mark.parametrize("kind", ["Flat", "IVF4,Flat", "SQ8"])
def test_bfloat16_back_end_searches_every_kind_of_index(tmp_path, kind):
    write_index_directory(tmp_path / "index", build(kind), DOCIDS, RECORD)
    half, exact = (
        open_index(tmp_path / "index", backend, device="cpu") for backend in ("exact-bf16", "exact")
    )
    assert isinstance(half, Bfloat16Index)
    torch.testing.assert_close(half.search(QUERIES, 5)[0], exact.search(QUERIES, 5)[0], atol=0.1, rtol=0.01)
    assert torch.equal(half.search(QUERIES, 1)[1], exact.search(QUERIES, 1)[1])
    rows = torch.tensor([[0, 299], [7, 7]])
    assert torch.equal(half.vectors(rows), exact.vectors(rows))


def test_unknown_back_end_is_refused(directory):
    with pytest.raises(InputError, match="cuda: use one of exact, faiss"):
        open_index(directory, "cuda")


def test_vectors_outlive_the_directory(directory):
    exact = open_index(directory, "exact")
    gc.collect()
    ballast = [np.full((300, DIMENSION), 9.0, np.float32) for _ in range(50)]
    np.testing.assert_array_equal(exact.vectors(torch.arange(300)).numpy(), VECTORS)
    assert torch.equal(exact.search(QUERIES, 1)[1][:, 0], (QUERIES @ torch.from_numpy(VECTORS).T).argmax(1))
    assert len(ballast) == 50


def test_fingerprint_tells_indexes_apart(directory, tmp_path):
    fingerprint = IndexDirectory(directory).fingerprint
    write_index_directory(tmp_path / "same", build(), DOCIDS, {**RECORD, "name": "elsewhere"})
    write_index_directory(tmp_path / "vectors", build(vectors=VECTORS + 1e-3), DOCIDS, RECORD)
    write_index_directory(tmp_path / "ids", build(), DOCIDS[::-1], RECORD)
    write_index_directory(tmp_path / "kind", build("SQ8"), DOCIDS, RECORD)
    others = [IndexDirectory(tmp_path / name).fingerprint for name in ("vectors", "ids", "kind")]
    assert IndexDirectory(tmp_path / "same").fingerprint == fingerprint
    assert len({fingerprint, *others}) == 4


def test_output_appears_whole_or_not_at_all(directory, tmp_path, monkeypatch):
    with pytest.raises(InputError, match="not empty"):
        write_index_directory(directory, build(), DOCIDS, RECORD)
    before = {file.name: file.read_bytes() for file in directory.iterdir()}
    with pytest.raises(ValueError, match="299 ids for 300 vectors"):
        write_index_directory(directory, build(), DOCIDS[1:], RECORD, overwrite=True)

    def fail(*arguments, **options):
        raise OSError("disk full")

    monkeypatch.setattr(json, "dumps", fail)  # the last thing that is written
    for output in (directory, tmp_path / "new"):
        with pytest.raises(OSError, match="disk full"):
            write_index_directory(output, build("SQ8"), DOCIDS, RECORD, overwrite=True)
    monkeypatch.undo()
    assert {file.name: file.read_bytes() for file in directory.iterdir()} == before
    assert [path.name for path in tmp_path.iterdir()] == ["index"]
    write_index_directory(directory, build("SQ8"), DOCIDS, RECORD, overwrite=True)
    assert isinstance(open_index(directory), FaissIndex)
