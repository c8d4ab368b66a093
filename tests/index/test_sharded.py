"""An index in shards: split, put together, searched as one, and refused where it is not what its manifest says."""

import json
import shutil

import faiss
import numpy as np
import pytest
import torch

from pyserini_ltre.errors import InputError
from pyserini_ltre.index import open_directory, open_index
from pyserini_ltre.index.__main__ import main
from pyserini_ltre.index.check import describe
from pyserini_ltre.index.compress import compress
from pyserini_ltre.index.directory import IndexDirectory
from pyserini_ltre.index.factory import empty_index
from pyserini_ltre.index.sharded.convert import first_rows, merge, shard
from pyserini_ltre.index.writing import write_index_directory

DIMENSION = 32
VECTORS = np.random.default_rng(4).normal(size=(500, DIMENSION)).astype(np.float32)
QUERIES = torch.from_numpy(np.random.default_rng(5).normal(size=(40, DIMENSION)).astype(np.float32))
DOCIDS = [f"d{row}" for row in range(500)]
RECORD = {"name": "tiny", "pooling": "mean", "normalise": False, "prefix": "", "max_length": 64}
KINDS = [
    "Flat",
    "SQ8",
    "SQfp16",
    "PQ8x4",
    "OPQ8,PQ8x4",
    "PCA16,Flat",
    "IVF4,Flat",
    "IVF4,SQ8",
    "OPQ8,IVF4,PQ8x4",
]


def write(path, kind="Flat", record=RECORD, vectors=VECTORS):
    index = empty_index(kind, DIMENSION)
    index.train(vectors)
    index.add(vectors)
    write_index_directory(path, index, DOCIDS[: len(vectors)], record)
    return path


def contents(folder):
    return {path.name: path.read_bytes() for path in folder.iterdir()}


@pytest.fixture(scope="module", params=KINDS)
def both(request, tmp_path_factory):
    folder = tmp_path_factory.mktemp("both")
    shard(IndexDirectory(write(folder / "whole", request.param)), 3, folder / "sharded")
    return folder / "whole", folder / "sharded"


@pytest.fixture(scope="module")
def flat(tmp_path_factory):
    folder = tmp_path_factory.mktemp("flat")
    shard(IndexDirectory(write(folder / "whole")), 3, folder / "sharded")
    return folder / "sharded"


@pytest.fixture
def copy(flat, tmp_path):
    return shutil.copytree(flat, tmp_path / "copy")


def change(folder, **fields):
    file = folder / "manifest.json"
    file.write_text(json.dumps({**json.loads(file.read_text()), **fields}))


def test_shards_are_index_directories_and_come_back_to_the_same_bytes(both, tmp_path):
    whole, sharded = both
    shards = [IndexDirectory(sharded / "shards" / f"{number:05d}") for number in range(3)]
    assert [len(one.docids) for one in shards] == [167, 167, 166]
    assert [docid for one in shards for docid in one.docids] == DOCIDS
    assert shards[1].record.documents == 167
    merge(open_directory(sharded), tmp_path / "merged")
    assert contents(tmp_path / "merged") == contents(whole)


def test_shards_that_are_mapped_into_memory_come_back_to_the_same_bytes(both, tmp_path, monkeypatch):
    monkeypatch.setattr("pyserini_ltre.index.faiss.MAPPED_FROM", 1)
    whole, _ = both
    shard(open_directory(whole), 4, tmp_path / "sharded")
    merge(open_directory(tmp_path / "sharded"), tmp_path / "merged")
    assert contents(tmp_path / "merged") == contents(whole)
    assert open_index(tmp_path / "sharded").search(QUERIES, 5)[1].shape == (40, 5)


@pytest.mark.parametrize("backend", [None, "exact", "faiss", "exact-bf16"])
def test_search_and_vectors_are_those_of_the_index_in_one_piece(both, backend):
    one, sharded = (open_index(path, backend) for path in both)
    assert len(sharded) == 500 and sharded.dimension == DIMENSION
    for k in (7, 300):
        expected, found = one.search(QUERIES, k), sharded.search(QUERIES, k)
        # In bfloat16, a last digit decides which documents are scored again.
        close = {"atol": 0.01, "rtol": 0.01} if backend == "exact-bf16" else {}
        torch.testing.assert_close(found[0], expected[0], **close)
        # Equal scores, and those that differ in their last digit, may change places.
        same = (found[1] == expected[1]) | torch.isclose(found[0], expected[0], **close)
        assert same.all()
    rows = torch.tensor([[0, 499], [167, 166], [3, 3]])
    # FAISS rotates the vectors of all rows back at once, and rounds otherwise with more rows.
    torch.testing.assert_close(sharded.vectors(rows), one.vectors(rows))


def test_ties_come_by_row(tmp_path):
    vectors = np.concatenate([VECTORS[:50]] * 4)
    shard(IndexDirectory(write(tmp_path / "whole", vectors=vectors)), 4, tmp_path / "sharded")
    scores, rows = open_index(tmp_path / "sharded").search(QUERIES, 8)
    for of_query, values in zip(rows.tolist(), scores.tolist(), strict=True):
        assert list(zip(values, of_query, strict=True)) == sorted(
            zip(values, of_query, strict=True), key=lambda pair: (-pair[0], pair[1])
        )


def test_more_hits_than_documents(flat):
    scores, rows = open_index(flat).search(QUERIES[:2], 600)
    assert (rows[:, 500:] == -1).all() and (scores[:, 500:] == float("-inf")).all()
    assert sorted(rows[0, :500].tolist()) == list(range(500))


def test_record_and_fingerprint(flat, tmp_path):
    directory = open_directory(flat)
    assert directory.record == IndexDirectory(flat.parent / "whole").record
    assert directory.stored_whole and directory.row_of["d499"] == 499
    assert describe(flat) == "500 vectors of 32 dimensions in 3 shards"
    shard(IndexDirectory(write(tmp_path / "other", vectors=-VECTORS)), 3, tmp_path / "sharded")
    assert open_directory(tmp_path / "sharded").fingerprint != directory.fingerprint
    shard(IndexDirectory(write(tmp_path / "plain", record=None)), 2, tmp_path / "nobody")
    assert open_directory(tmp_path / "nobody").record is None


def test_compressed_copy_is_that_of_the_index_in_one_piece(flat, tmp_path):
    for name, source in (("one", flat.parent / "whole"), ("other", flat)):
        compress(open_directory(source), "SQ8", tmp_path / name)
    assert contents(tmp_path / "one") == contents(tmp_path / "other")


def test_commands(flat, tmp_path, capsys, refused):
    whole = flat.parent / "whole"
    arguments = ["--index", str(whole), "--output", str(tmp_path / "sharded")]
    main(["shard", "--shards", "2", *arguments])
    assert "500 documents in 2 shards" in capsys.readouterr().out
    main(["merge", "--index", str(tmp_path / "sharded"), "--output", str(tmp_path / "merged")])
    assert contents(tmp_path / "merged") == contents(whole)
    assert "not empty" in refused(main, "shard", "--shards", "2", *arguments)
    assert "from 1 to 500" in refused(main, "shard", "--shards", "501", *arguments, "--overwrite")
    assert "from 1 to 500" in refused(main, "shard", "--shards", "0", *arguments, "--overwrite")
    output = ["--output", str(tmp_path / "no")]
    assert "not a sharded index" in refused(main, "merge", "--index", str(whole), *output)
    assert "merge it" in refused(main, "shard", "--shards", "2", "--index", str(flat), *output)
    assert not (tmp_path / "no").exists()


@pytest.mark.parametrize(("kind", "name"), [("HNSW8", "IndexHNSWFlat"), ("PQ8x4fs", "IndexPQFastScan")])
def test_kinds_that_cannot_be_split_are_named(kind, name, tmp_path):
    directory = IndexDirectory(write(tmp_path / "whole", kind))
    with pytest.raises(InputError, match=f"{name} cannot be split"):
        shard(directory, 2, tmp_path / "sharded")
    assert not (tmp_path / "sharded").exists()


def test_shards_are_as_equal_as_possible():
    assert first_rows(10, 3) == [0, 4, 7, 10]
    assert first_rows(3, 3) == [0, 1, 2, 3]


def test_shard_that_is_missing_or_too_many(copy):
    shutil.copytree(copy / "shards" / "00000", copy / "shards" / "00003")
    with pytest.raises(InputError, match=r"00003 is not in manifest\.json; remove it"):
        open_directory(copy)
    shutil.rmtree(copy / "shards" / "00003")
    shutil.rmtree(copy / "shards" / "00001")
    with pytest.raises(InputError, match="00001 is missing; copy"):
        open_directory(copy)


def test_shard_that_is_there_twice(copy):
    shutil.rmtree(copy / "shards" / "00001")
    shutil.copytree(copy / "shards" / "00000", copy / "shards" / "00001")
    with pytest.raises(InputError, match="00001/docid: "):
        open_directory(copy)


def test_manifest_is_missing(copy):
    (copy / "manifest.json").unlink()
    with pytest.raises(InputError, match=r"manifest\.json is missing"):
        open_directory(copy)


@pytest.mark.parametrize(
    ("fields", "fault"),
    [
        ({"dimension": 16}, "dimensions 32, but 16 in manifest.json"),
        ({"metric": "Euclidean distance"}, "metric inner product, but Euclidean"),
        ({"metric": "cosine"}, "metric has to be"),
        ({"shards": []}, "no shards"),
        ({"shards": 3}, "shards has to be a list"),
        (
            {"encoder": {**RECORD, "name": "other", "dimension": 32, "documents": 500, "docid_sha256": ""}},
            "another enc",
        ),
    ],
)
def test_manifest_of_something_else(copy, fields, fault):
    change(copy, **fields)
    with pytest.raises(InputError, match=fault):
        open_directory(copy)


def test_rows_and_sizes_are_compared_when_opened_and_sums_by_describe(copy):
    shards = json.loads((copy / "manifest.json").read_text())["shards"]
    shards[2]["rows"] = 7
    change(copy, shards=shards)
    with pytest.raises(InputError, match=r"rows 166, but 7 in manifest\.json"):
        open_directory(copy)
    shards[2]["rows"] = 166
    change(copy, shards=shards)
    file = copy / "shards" / "00001" / "index"
    content = bytearray(file.read_bytes())
    content[-3] ^= 1
    file.write_bytes(content)
    open_directory(copy)
    with pytest.raises(InputError, match=r"00001/index: not the file of manifest\.json \(sha256\)"):
        describe(copy)
    with pytest.raises(InputError, match="sha256"):
        merge(open_directory(copy), copy.parent / "merged")
    file.write_bytes(content[:-4])
    with pytest.raises(InputError, match=r"bytes, .* in manifest\.json"):
        open_directory(copy)


def test_record_of_other_documents(copy):
    encoder = json.loads((copy / "manifest.json").read_text())["encoder"]
    change(copy, encoder={**encoder, "docid_sha256": "0" * 64})
    with pytest.raises(InputError, match=r"manifest\.json: encoder is of other documents"):
        describe(copy)
    change(copy, encoder={**encoder, "documents": 499})
    with pytest.raises(InputError, match="encoder has 499 documents, the shards have 500"):
        open_directory(copy)


def test_document_in_two_shards_is_named(tmp_path):
    from pyserini_ltre.index.sharded.manifest import write_manifest

    parts = []
    for number in range(2):
        index = faiss.IndexFlatIP(DIMENSION)
        index.add(VECTORS[:3])
        place = tmp_path / "shards" / f"{number:05d}"
        write_index_directory(place, index, [f"a{number}", "both", f"b{number}"], RECORD)
        parts.append(IndexDirectory(place))
    write_manifest(tmp_path, parts)
    for read in (describe, lambda path: open_directory(path).row_of):
        with pytest.raises(InputError, match="document id both is in shards 00000 and 00001"):
            read(tmp_path)


def test_other_codebooks_are_not_put_together(tmp_path):
    from pyserini_ltre.index.sharded.manifest import write_manifest

    parts = []
    for number, vectors in enumerate((VECTORS, -VECTORS * 2)):
        index = empty_index("SQ8", DIMENSION)
        index.train(vectors)
        index.add(vectors[:3])
        place = tmp_path / "shards" / f"{number:05d}"
        write_index_directory(place, index, [f"{number}-{row}" for row in range(3)], RECORD)
        parts.append(IndexDirectory(place))
    write_manifest(tmp_path, parts)
    with pytest.raises(InputError, match="00001/index: other codebooks"):
        open_directory(tmp_path).merged()
