"""``python -m pyserini_ltre.export vectors``: embeddings to the last bit, in the files that others read."""

import json

import numpy as np
import pytest

from pyserini_ltre.collection import read_queries, write_topics
from pyserini_ltre.encode.batching import encode_texts
from pyserini_ltre.encode.model import BiEncoder
from pyserini_ltre.export.__main__ import main

QUERIES = {"0007": "open file", "NA": "sort list", "3": "lock thread value"}


@pytest.fixture
def queries(tmp_path):
    write_topics(tmp_path / "queries.tsv", QUERIES)
    return tmp_path / "queries.tsv"


@pytest.fixture(scope="module")
def expected(tiny_encoder):
    return encode_texts(BiEncoder.load(tiny_encoder), list(QUERIES.values()), "query")


@pytest.mark.parametrize("name", ["vectors.tsv", "vectors.json", "vectors.jsonl"])
def test_arrays_are_the_embeddings(queries, tiny_encoder, expected, tmp_path, capsys, name):
    output = tmp_path / name
    main(["vectors", "--encoder", str(tiny_encoder), "--queries", str(queries), "--output", str(output)])
    text = output.read_text()
    if name.endswith(".tsv"):
        written = {qid: json.loads(array) for qid, array in read_queries(output).items()}
    elif name.endswith(".json"):
        written = {qid: json.loads(topic["title"]) for qid, topic in json.loads(text).items()}
    else:
        written = {line["qid"]: line["vector"] for line in map(json.loads, text.splitlines())}
    assert list(written) == list(QUERIES)
    assert np.array_equal(np.array(list(written.values()), np.float32), expected)
    assert f"3 vectors of {expected.shape[1]} dimensions" in capsys.readouterr().out


def test_prefix_is_put_before_each_query(queries, tiny_encoder, tmp_path, expected):
    output = tmp_path / "vectors.jsonl"
    given = ["--encoder", str(tiny_encoder), "--queries", str(queries), "--output", str(output)]
    main(["vectors", *given, "--query-prefix", "search "])
    first = json.loads(output.read_text().splitlines()[0])["vector"]
    assert not np.allclose(first, expected[0])


@pytest.mark.parametrize(
    ("more", "said"),
    [
        ((), "--encoder"),
        (("--encoder", "nowhere/at/all"), "nowhere/at/all"),
        (("--encoder", "x", "--output", "queries.tsv"), "--output"),
    ],
)
def test_bad_input_is_one_line(queries, tmp_path, refused, monkeypatch, more, said):
    monkeypatch.chdir(tmp_path)
    assert said in refused(main, "vectors", "--queries", "queries.tsv", "--output", "vectors.tsv", *more)
    assert not (tmp_path / "vectors.tsv").exists()
