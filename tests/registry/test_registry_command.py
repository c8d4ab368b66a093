"""`python -m pyserini_ltre.registry list | show | add | remove | verify`."""

import hashlib
import json
import tarfile

import faiss
import numpy as np
import pytest

from pyserini_ltre import registry
from pyserini_ltre.index.directory import IndexDirectory
from pyserini_ltre.index.sharded.convert import shard
from pyserini_ltre.index.writing import write_index_directory
from pyserini_ltre.registry.__main__ import main

RECORD = {"name": "made-up", "pooling": "mean", "normalise": True, "prefix": "", "max_length": 8}


@pytest.fixture(autouse=True)
def folder(tmp_path, monkeypatch):
    """A folder with an index, the same in an archive, topics and judgements."""
    monkeypatch.setenv("PYSERINI_LTRE_HOME", str(tmp_path / "home"))
    monkeypatch.setenv("PYSERINI_CACHE", str(tmp_path / "cache"))
    monkeypatch.chdir(tmp_path)
    index = faiss.IndexFlatIP(4)
    index.add(np.eye(4, dtype=np.float32)[:3])
    write_index_directory(tmp_path / "index", index, ["a", "NA", "0007"], RECORD)
    with tarfile.open(tmp_path / "index.tar.gz", "w:gz") as archive:
        archive.add(tmp_path / "index", "toy-index")
    (tmp_path / "topics.tsv").write_text("1\topen\n2\tclose\n")
    (tmp_path / "qrels.txt").write_text("1 0 a 1\n")
    return tmp_path


def output(capsys, *arguments, status=None):
    if status is None:
        main(list(arguments))
    else:
        with pytest.raises(SystemExit) as end:
            main(list(arguments))
        assert end.value.code == status
    captured = capsys.readouterr()
    return captured.err if status == 2 else captured.out


def test_add_list_show_verify_remove(folder, capsys):
    output(capsys, "add", "indexes", "toy", "--path", "index", "--description", "three", "--encoder", "x/y")
    output(capsys, "add", "topics", "toy", "--path", "topics.tsv")
    output(capsys, "add", "qrels", "toy-q", "--path", "qrels.txt")
    listed = output(capsys, "list").splitlines()
    assert [line.split()[:3] for line in listed if "toy" in line] == [
        ["indexes", "toy", "here"],
        ["topics", "toy", "here"],
        ["qrels", "toy-q", "here"],
    ]
    assert listed[-1].startswith("and ") and "prebuilt indexes of Pyserini" in listed[-1]
    assert "msmarco-v1-passage.ance" in output(capsys, "list", "--all", "--section", "indexes")
    shown = json.loads(output(capsys, "show", "toy"))
    assert shown["indexes"] == {
        "path": str(folder / "index"),
        "description": "three",
        "encoder": "x/y",
        "registered in": str(folder / "home" / "registry.json"),
        "location": str(folder / "index"),
        "state": "here",
    }
    assert shown["topics"]["path"] == str(folder / "topics.tsv")
    verified = output(capsys, "verify").splitlines()
    assert verified[:3] == [
        "indexes: toy: 3 vectors of 4 dimensions",
        "topics: toy: 2 queries",
        "qrels: toy-q: judgements of 1 queries",
    ]
    assert "toy is registered under indexes and topics; add --section" in output(
        capsys, "remove", "toy", status=2
    )
    output(capsys, "remove", "toy", "--section", "indexes")
    output(capsys, "remove", "toy")
    assert "nothing is registered as toy" in output(capsys, "show", "toy", status=2)
    assert (folder / "index").is_dir() and (folder / "topics.tsv").exists()


def test_an_archive_is_added_fetched_verified_and_removed_with_its_copy(folder, capsys):
    archive = folder / "index.tar.gz"
    sums = ["--md5", hashlib.md5(archive.read_bytes()).hexdigest(), "--size", str(archive.stat().st_size)]
    output(capsys, "add", "indexes", "packed", "--url", archive.as_uri(), *sums)
    assert output(capsys, "verify", "packed") == "indexes: packed: nothing is here yet\n"
    copy = registry.path_of("indexes", "packed")
    assert output(capsys, "verify", "packed") == "indexes: packed: 3 vectors of 4 dimensions\n"
    assert f"its copy {copy} is removed" in output(capsys, "remove", "packed")
    assert not copy.exists() and archive.exists()


def test_verify_tells_what_is_bad_and_goes_on(folder, capsys):
    for name in ("cut", "swapped", "good"):
        (folder / name).mkdir()
        for file in ("index", "docid", "encoder.json"):
            (folder / name / file).write_bytes((folder / "index" / file).read_bytes())
        registry.register("indexes", name, path=folder / name)
    (folder / "cut" / "index").write_bytes(b"")
    (folder / "swapped" / "docid").write_text("NA\na\n0007\n")
    registry.register("topics", "gone", path=folder / "gone.tsv")
    registry.register("topics", "changed", url=(folder / "topics.tsv").as_uri(), md5="0" * 32)
    registry.register("qrels", "bad", path=folder / "topics.tsv")
    registry.register("indexes", "ftp", url="ftp://x.org/a.tgz")
    registry.register("encoders", "paired", path=folder / "index", index="nowhere")
    lines = output(capsys, "verify", status=1).splitlines()
    bad = {line.split(": ")[1]: line for line in lines if ": BAD: " in line}
    assert bad.keys() == {"cut", "swapped", "gone", "changed", "bad", "ftp", "paired"}
    assert "encoder.json is of another index" in bad["swapped"]
    assert "gone.tsv does not exist" in bad["gone"]
    assert "expected 00000000000000000000000000000000" in bad["changed"]
    assert "no index is registered as nowhere" in bad["paired"]
    assert "indexes: good: 3 vectors of 4 dimensions" in lines
    assert "BAD" in output(capsys, "list")


def test_shards_are_compared_with_their_sums(folder, capsys):
    shard(IndexDirectory(folder / "index"), 2, folder / "sharded")
    output(capsys, "add", "indexes", "shards", "--path", "sharded")
    assert "3 vectors of 4 dimensions in 2 shards" in output(capsys, "verify", "shards")
    file = folder / "sharded" / "shards" / "00001" / "index"
    file.write_bytes(file.read_bytes()[:-1] + b"\1")
    assert (
        "BAD: " in (told := output(capsys, "verify", "shards", status=1))
        and "00001/index: not the file" in told
    )


def test_a_lucene_index_and_a_model(folder, capsys, tiny_encoder):
    (folder / "lucene").mkdir()
    (folder / "lucene" / "segments_1").touch()
    output(capsys, "add", "indexes", "bm25", "--path", "lucene")
    output(capsys, "add", "encoders", "tiny", "--path", str(tiny_encoder), "--index", "bm25")
    assert output(capsys, "verify", "bm25", "tiny").splitlines() == [
        "encoders: tiny: BertModel, 32 dimensions",
        "indexes: bm25: a Lucene index",
    ]


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["add", "indexes", "toy", "--path", "nowhere"], "nowhere does not exist"),
        (["add", "indexes", "a/b", "--path", "index"], "cannot be a registered name"),
        (["add", "indexes", "toy", "--path", "index", "--md5", "0" * 32], "are for --url"),
        (["add", "indexes", "toy", "--url", "https://x.org/a.tgz"], "has no md5 or no size"),
        (["add", "topics", "toy", "--url", "file:///nowhere/a.tsv"], "/nowhere/a.tsv does not exist"),
        (["add", "topics", "toy", "--path", "topics.tsv", "--encoder", "x"], "--encoder is for indexes"),
        (["add", "indexes", "toy", "--path", "index", "--index", "x"], "--index is for encoders"),
        (["add", "encoders", "toy", "--path", "index", "--index", "x"], "no index is registered as x"),
        (["remove", "ltre"], "comes with the package"),
        (["remove", "nothing"], "nothing is registered as nothing"),
        (["verify", "nothing"], "nothing is registered as nothing"),
    ],
)
def test_bad_input_is_one_line(folder, capsys, arguments, message):
    error = output(capsys, *arguments, status=2)
    assert message in error and error.count("\n") == 1
    assert not (folder / "home" / "registry.json").exists()


def test_a_second_entry_of_a_name_has_to_be_asked_for(folder, capsys):
    output(capsys, "add", "topics", "toy", "--path", "topics.tsv")
    assert "topics has a toy already" in output(
        capsys, "add", "topics", "toy", "--path", "qrels.txt", status=2
    )
    output(capsys, "add", "topics", "toy", "--path", "qrels.txt", "--replace")
    assert registry.path_of("topics", "toy") == folder / "qrels.txt"


def test_wrong_sum_of_a_local_file_is_told_when_it_is_added(folder, capsys):
    error = output(
        capsys, "add", "topics", "toy", "--url", (folder / "topics.tsv").as_uri(), "--md5", "0" * 32, status=2
    )
    assert hashlib.md5(b"1\topen\n2\tclose\n").hexdigest() in error and "0" * 32 in error
