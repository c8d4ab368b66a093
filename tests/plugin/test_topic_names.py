"""Registered topics and qrels, with a stand-in for `pyserini.search._base`."""

import types

import pytest

from pyserini_ltre import registry
from pyserini_ltre.errors import InputError
from pyserini_ltre.plugin.topics import pyserini_topics, registered_topics_and_qrels


@pytest.fixture
def search(tmp_path, monkeypatch):
    monkeypatch.setenv("PYSERINI_LTRE_HOME", str(tmp_path / "home"))
    module = types.ModuleType("pyserini.search._base")
    module.get_topics = lambda collection_name: f"Pyserini's topics {collection_name}"
    module.get_qrels_file = lambda collection_name: f"Pyserini's qrels {collection_name}"
    steps = registered_topics_and_qrels(module)
    next(steps)
    next(steps, None)
    return module


def test_registered_topics(search, tmp_path):
    (tmp_path / "topics.tsv").write_text("10\topen a file\n9\tclose it\n")
    registry.register("topics", "toy", path=tmp_path / "topics.tsv")
    assert search.get_topics("toy") == {10: {"title": "open a file"}, 9: {"title": "close it"}}


def test_registered_qrels(search, tmp_path):
    (tmp_path / "qrels.txt").write_text("10 0 d1 1\n")
    registry.register("qrels", "toy", path=tmp_path / "qrels.txt")
    assert search.get_qrels_file("toy") == str(tmp_path / "qrels.txt")


def test_pyserinis_names_go_to_pyserini(search):
    assert search.get_topics("robust04") == "Pyserini's topics robust04"
    assert search.get_qrels_file("robust04") == "Pyserini's qrels robust04"


def test_only_plain_numbers_become_integers(tmp_path):
    ids = ["0", "7", "0007", "NA", "q7", "7.5", "-7", "\u00b2", "\u0667"]
    path = tmp_path / "topics.tsv"
    path.write_text("".join(f"{topic_id}\ttext\n" for topic_id in ids), encoding="utf-8")
    assert list(pyserini_topics(path)) == [0, 7, "0007", "NA", "q7", "7.5", "-7", "\u00b2", "\u0667"]


def test_bad_line_is_named(search, tmp_path):
    path = tmp_path / "topics.tsv"
    path.write_text("1\tfine\n2\t \n")
    registry.register("topics", "toy", path=path)
    with pytest.raises(InputError, match=rf"^{path}:2: "):
        search.get_topics("toy")


def test_file_that_is_gone(search, tmp_path):
    registry.register("qrels", "toy", path=tmp_path / "gone.txt")
    with pytest.raises(InputError, match=r"gone\.txt, which does not exist"):
        search.get_qrels_file("toy")
