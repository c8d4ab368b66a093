"""The plugin is a guest: where our registry cannot be read, Pyserini's own names mean what they always meant."""

import os
import subprocess
import sys
import types
import warnings

import pytest

from pyserini_ltre.errors import InputError
from pyserini_ltre.plugin import indexes, topics
from pyserini_ltre.plugin.registered import registered_path
from pyserini_ltre.registry import encoder_directory


def broken_file(home):
    home.mkdir()
    (home / "registry.json").write_text('{"topics": \x1b[2J')


def bad_entry(home):
    home.mkdir()
    (home / "registry.json").write_text('{"topics": {"x": {"path": 3}}}')


def a_folder(home):
    (home / "registry.json").mkdir(parents=True)


def a_file(home):
    home.write_text("mine")


@pytest.fixture(params=[broken_file, bad_entry, a_folder, a_file])
def home(request, tmp_path, monkeypatch):
    monkeypatch.setenv("PYSERINI_LTRE_HOME", str(tmp_path / "home"))
    request.param(tmp_path / "home")
    return tmp_path / "home"


class Searcher:
    def load_index(self, index_dir):
        raise AssertionError("not reached")

    @classmethod
    def from_prebuilt_index(cls, name, *arguments):
        return "Pyserini's", name, *arguments


def patched(patch, **names):
    module = types.SimpleNamespace(**names)
    steps = patch(module)
    next(steps)
    next(steps, None)
    return module


def test_names_go_to_pyserini_with_a_warning(home):
    search = patched(
        topics.registered_topics_and_qrels,
        get_topics=lambda name: [name],
        get_qrels_file=lambda name: (name,),
    )
    dense = patched(indexes.registered_dense_indexes, FaissSearcher=type("Dense", (Searcher,), {}))
    sparse = patched(indexes.registered_lucene_indexes, LuceneSearcher=type("Sparse", (Searcher,), {}))
    for ask, answer in (
        (lambda: search.get_topics("robust04"), ["robust04"]),
        (lambda: search.get_qrels_file("robust04"), ("robust04",)),
        (lambda: dense.FaissSearcher.from_prebuilt_index("a", "bge"), ("Pyserini's", "a", "bge")),
        (lambda: sparse.LuceneSearcher.from_prebuilt_index("a"), ("Pyserini's", "a")),
    ):
        with pytest.warns(
            RuntimeWarning, match=r"^Pyserini goes on without registered names \(.*home"
        ) as warned:
            assert ask() == answer
        (line,) = (str(warning.message) for warning in warned)
        assert "\n" not in line and "\x1b" not in line


def test_our_names_are_refused(home):
    with pytest.raises(InputError, match="home"):
        encoder_directory("ltre")


def test_strict_asks_for_the_error(home, monkeypatch):
    monkeypatch.setenv("PYSERINI_LTRE_STRICT", "1")
    with pytest.raises(InputError, match="home"):
        registered_path("topics", "robust04")


def test_nothing_is_said_where_all_is_well(tmp_path, monkeypatch):
    monkeypatch.setenv("PYSERINI_LTRE_HOME", str(tmp_path / "none"))
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        assert registered_path("topics", "robust04") is None
    assert os.listdir(tmp_path) == []


PROGRAM = """
import sys, types
module = types.SimpleNamespace(get_topics=lambda name: name, get_qrels_file=lambda name: name)
from pyserini_ltre.plugin.topics import registered_topics_and_qrels
steps = registered_topics_and_qrels(module)
next(steps), next(steps, None)
print(module.get_topics(sys.argv[1]))
"""


def test_the_warning_is_one_line(home):
    environment = {"PATH": os.environ["PATH"], "PYSERINI_LTRE_HOME": str(home)}
    done = subprocess.run(
        [sys.executable, "-c", PROGRAM, "robust04"],
        env=environment,
        capture_output=True,
        text=True,
        timeout=60,
    )
    assert done.stdout == "robust04\n" and done.returncode == 0
    assert done.stderr.count("\n") == 1 and "RuntimeWarning: Pyserini goes on" in done.stderr
