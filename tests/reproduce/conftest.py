"""Results as a matrix leaves them, and expected scores that a test may change."""

import json

import pytest

from pyserini_ltre.collection import Document, write_beir
from pyserini_ltre.reproduce import expected


@pytest.fixture
def expected_file(tmp_path, monkeypatch):
    """Expected scores of the test's own; none at first."""
    file = tmp_path / "expected.json"
    tolerance = {"bm25": 0.001, "frozen": 0.002, "fitted": 0.005, "trained": 0.01}
    file.write_text(json.dumps({"tolerance": tolerance, "expected": []}))
    monkeypatch.setattr(expected, "FILE", file)
    return file


@pytest.fixture
def make_results():
    """Build the results of a collection from nDCG@10 values."""

    def build(collection, scores, trained_on=None, **settings):
        conditions = {
            name: {
                "measures": {"nDCG@10": value, "RR@10": value, "R@100": value},
                "commands": [
                    {
                        "command": f"python -m pyserini.search.lucene --topics 'a <b>' # {name}",
                        "seconds": 3.0,
                    },
                    {"command": f"python -m pyserini_ltre.run fuse --tune # {name}", "seconds": 1.0},
                ],
            }
            for name, value in scores.items()
        }
        results = {
            "settings": {"collection": collection, "fingerprint": "f" * 64, "encoder": "e" * 64} | settings,
            "queries": 300,
            "conditions": conditions,
        }
        if trained_on:
            results["trained_on"] = {"name": "scifact", "fingerprint": trained_on}
        return results

    return build


@pytest.fixture
def data(tmp_path):
    """A folder of BEIR folders with names that the matrix knows: scifact with, cacm without training queries."""
    documents = [Document(f"d{i}", "", f"text {i}") for i in range(10)]
    for name, splits in (("scifact", ("train", "test")), ("cacm", ("test",))):
        queries = {split: {f"{split}{i}": f"{split} query {i}" for i in range(10)} for split in splits}
        qrels = {split: {qid: {f"d{i}": 1} for i, qid in enumerate(queries[split])} for split in splits}
        write_beir(tmp_path / "data" / name, documents, queries, qrels)
    return tmp_path / "data"
