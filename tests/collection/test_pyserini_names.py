import json
import os
import subprocess
import sys
from types import ModuleType

import pytest

from pyserini_ltre.collection import open_collection, read_qrels, read_queries
from pyserini_ltre.errors import InputError


@pytest.fixture
def pyserini(tmp_path, monkeypatch):
    """Stand in for `pyserini.search`, which would start a JVM."""
    (tmp_path / "qrels.txt").write_text("1 0 NA 1\nx7 0 0007 2\n")

    def get_topics(name):
        if name != "known":
            raise ValueError(f"Topic {name} Not Found")
        return {
            1: {"title": "one"},
            "x7": {"title": "seven", "narrative": "more"},
            9: {"title": "not judged"},
        }

    def get_qrels_file(name):
        if name != "known":
            raise JavaException("no network\n  at some line of Java")
        return str(tmp_path / "qrels.txt")

    class JavaException(Exception):
        pass

    for module, names in {
        "pyserini": {},
        "pyserini.search": {"get_topics": get_topics, "get_qrels_file": get_qrels_file},
        "jnius": {"JavaException": JavaException},
    }.items():
        monkeypatch.setitem(sys.modules, module, ModuleType(module))
        vars(sys.modules[module]).update(names)


@pytest.mark.usefixtures("pyserini")
def test_topics_and_judgements_by_name():
    collection = open_collection("pyserini:known")
    assert collection.splits == ("test",)
    assert collection.queries("test") == {"1": "one", "x7": "seven"}
    assert collection.qrels("test") == read_qrels("pyserini:known") == {"1": {"NA": 1}, "x7": {"0007": 2}}
    assert read_queries("pyserini:known")["9"] == "not judged"
    with pytest.raises(InputError, match="name a folder for the documents"):
        collection.documents()


@pytest.mark.usefixtures("pyserini")
def test_unknown_names_and_failed_downloads_are_one_line():
    with pytest.raises(
        InputError, match=r"pyserini:x: Pyserini gives no topics of that name \(Topic x Not Found\)"
    ):
        read_queries("pyserini:x")
    with pytest.raises(
        InputError, match=r"no judgements of that name \(no network\); check the spelling and the"
    ):
        read_qrels("pyserini:x")


def test_registered_names_reach_us_through_pyserini(tmp_path):
    (tmp_path / "topics.tsv").write_text("0007\tseven\n12\ttwelve\n")
    (tmp_path / "qrels.txt").write_text("0007 0 NA 1\n12 0 d 1\n")
    entry = {"topics": {"mine": {"path": "topics.tsv"}}, "qrels": {"mine": {"path": "qrels.txt"}}}
    (tmp_path / "registry.json").write_text(json.dumps(entry))
    program = (
        "from pyserini_ltre.plugin import hook; hook.install()\n"
        "from pyserini_ltre.collection import open_collection\n"
        "c = open_collection('pyserini:mine'); print(c.queries('test'), c.qrels('test'))"
    )
    output = subprocess.run(
        [sys.executable, "-c", program],
        capture_output=True,
        text=True,
        check=True,
        env=os.environ | {"PYSERINI_LTRE_HOME": str(tmp_path)},
    ).stdout
    assert output.splitlines()[-1] == (
        "{'0007': 'seven', '12': 'twelve'} {'0007': {'NA': 1}, '12': {'d': 1}}"
    )
