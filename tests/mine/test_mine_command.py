"""``python -m pyserini_ltre.mine``: the best documents that nobody judged relevant, as a run file for any tool."""

import faiss
import numpy as np
import pytest
import ray_clusters  # noqa: F401 - Ray is not to phone home

from pyserini_ltre import registry
from pyserini_ltre.collection import read_run, write_qrels, write_run, write_topics
from pyserini_ltre.encode.batching import encode_texts
from pyserini_ltre.encode.model import BiEncoder
from pyserini_ltre.index.directory import IndexDirectory
from pyserini_ltre.index.sharded.convert import shard
from pyserini_ltre.index.writing import write_index_directory
from pyserini_ltre.mine.__main__ import main

DOCUMENTS = {
    f"d{i}": f"{word} number {i}" for i, word in enumerate("open read sort list index vector".split())
}
QUERIES = {"01": "open file", "NA": "sort list", "3": "not judged"}
QRELS = {"01": {"d0": 1, "d1": 0}, "NA": {"d2": 2, "d3": 1}}


@pytest.fixture
def files(tmp_path, tiny_encoder):
    index = faiss.IndexFlatIP(32)
    index.add(encode_texts(BiEncoder.load(tiny_encoder), list(DOCUMENTS.values()), "document"))
    record = {"name": "tiny", "pooling": "mean", "normalise": True, "prefix": "", "max_length": 64}
    write_index_directory(tmp_path / "index", index, list(DOCUMENTS), record)
    write_topics(tmp_path / "queries.tsv", QUERIES)
    write_qrels(tmp_path / "qrels.txt", QRELS)
    write_run(tmp_path / "bm25.txt", {"01": {"d0": 3.0, "d5": 2.0, "d1": 1.0}, "other": {"d0": 1.0}}, "bm25")
    return tmp_path


def command_line(files, *more, output="negatives.txt"):
    judged = ("--queries", files / "queries.tsv", "--qrels", files / "qrels.txt")
    return [str(word) for word in (*judged, "--output", files / output, *more)]


def test_from_an_index(files, tiny_encoder, capsys):
    main(command_line(files, "--index", files / "index", "--encoder", tiny_encoder, "--depth", 3))
    mined = read_run(files / "negatives.txt")
    encoder = BiEncoder.load(tiny_encoder)
    documents = encode_texts(encoder, list(DOCUMENTS.values()), "document")
    assert list(mined) == ["01", "NA"]
    for qid, negatives in mined.items():
        scores = documents @ encode_texts(encoder, [QUERIES[qid]], "query")[0]
        ranked = [f"d{row}" for row in np.argsort(-scores)]
        assert list(negatives) == [docid for docid in ranked if QRELS[qid].get(docid, 0) <= 0][:3]
    assert "6 negatives of 2 queries" in capsys.readouterr().out


def test_from_shards(files, tiny_encoder):
    shard(IndexDirectory(files / "index"), 4, files / "sharded")
    for name in ("index", "sharded"):
        where = ("--index", files / name, "--encoder", tiny_encoder)
        main(command_line(files, *where, output=f"{name}.txt"))
    main(command_line(files, "--index", f"file://{files}/sharded", *where[2:], output="fetched.txt"))
    assert (files / "fetched.txt").read_bytes() == (files / "sharded.txt").read_bytes()
    one, shards = (read_run(files / f"{name}.txt") for name in ("index", "sharded"))
    for qid, negatives in one.items():
        assert list(shards[qid]) == list(negatives)
        assert shards[qid] == pytest.approx(negatives)


def test_the_encoder_of_a_registered_index_is_known(files, tiny_encoder):
    main(command_line(files, "--index", files / "index", "--encoder", tiny_encoder, output="named.txt"))
    registry.register("indexes", "six", path=str(files / "index"), encoder=str(tiny_encoder))
    with pytest.warns(UserWarning, match="as the registry says"):
        main(command_line(files, "--index", "six"))
    assert (files / "negatives.txt").read_bytes() == (files / "named.txt").read_bytes()


def test_from_a_run(files, capsys):
    main(command_line(files, "--run", files / "bm25.txt"))
    assert read_run(files / "negatives.txt") == {"01": {"d5": 2.0, "d1": 1.0}}
    printed = capsys.readouterr().out
    assert "1 judged-relevant documents" in printed and "1 queries have fewer than 200" in printed


@pytest.mark.parametrize(
    ("more", "said"),
    [
        (("--depth", "0", "--run", "bm25.txt"), "--depth 0"),
        (("--index", "index"), "--index and --encoder belong together"),
        (("--run", "other.txt"), "has none of the 2 queries"),
        (("--run", "bm25.txt", "--output", "qrels.txt"), "which is read"),
        (("--run", "bm25.txt", "--qrels", "no.txt"), "judges none of the queries"),
        (("--index", "index", "--encoder", "wide"), "6 dimensions"),
    ],
)
def test_bad_input_is_one_line_and_leaves_nothing(files, tiny_encoder, refused, monkeypatch, more, said):
    monkeypatch.chdir(files)
    write_run("other.txt", {"other": {"d0": 1.0}}, "t")
    write_qrels("no.txt", {"other": {"d0": 1}})
    if "wide" in more:
        index = faiss.IndexFlatIP(6)
        index.add(np.eye(1, 6, dtype=np.float32))
        write_index_directory("narrow", index, ["d0"], None)
        more = ("--index", "narrow", "--encoder", str(tiny_encoder))
    assert said in refused(main, *command_line(files, *more))
    assert not (files / "negatives.txt").exists()


def test_ray_takes_a_sharded_index(files, tiny_encoder, refused):
    where = ("--encoder", tiny_encoder, "--ray", "local")
    assert "--ray takes a sharded index" in refused(
        main, *command_line(files, "--index", files / "index", *where)
    )
    line = refused(main, *command_line(files, "--run", files / "bm25.txt", "--ray"))
    assert line == "--ray searches an --index; with --run, leave it out"


def test_by_a_worker_that_is_started_here(files, tiny_encoder, capsys):
    shard(IndexDirectory(files / "index"), 2, files / "sharded")
    where = ("--index", files / "sharded", "--encoder", tiny_encoder)
    main(command_line(files, *where, output="here.txt"))
    main(command_line(files, *where, "--ray", "local", output="there.txt"))
    assert (files / "there.txt").read_bytes() == (files / "here.txt").read_bytes()
    assert "negatives of 2 queries" in capsys.readouterr().out
