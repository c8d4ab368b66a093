"""Registered indexes, and the check of index against encoder, with stand-ins for Pyserini's searchers."""

import sys
import types

import faiss
import numpy as np
import pytest

from pyserini_ltre import registry
from pyserini_ltre.errors import InputError
from pyserini_ltre.index.directory import IndexDirectory
from pyserini_ltre.plugin import document_vectors, indexes


class Theirs:
    dimension = 5


class OurEncoder:
    dimension = 8


OurEncoder.__module__ = "pyserini_ltre.encode.made_by_a_test"


def patched_dense_searcher(problem=None, unknown=False):
    class FaissSearcher:
        def __init__(self, index_dir, query_encoder, prebuilt_index_name=None, normalize_distances=False):
            self.query_encoder, self.prebuilt_index_name = query_encoder, prebuilt_index_name
            self.normalize_distances = normalize_distances
            self.index, self.docids = self.load_index(index_dir)

        @classmethod
        def from_prebuilt_index(cls, prebuilt_index_name, query_encoder, normalize_distances=False):
            if problem:
                raise problem
            return (
                None if unknown else ("Pyserini's", prebuilt_index_name, query_encoder, normalize_distances)
            )

        def load_index(self, index_dir):
            return index_dir, self.load_docids(f"{index_dir}/docid")

        @staticmethod
        def load_docids(docid_path):
            return ["read by Pyserini"]

    return finish(indexes.registered_dense_indexes, FaissSearcher)


def finish(patch, searcher_class):
    module = types.ModuleType("made")
    setattr(module, searcher_class.__name__, searcher_class)
    steps = patch(module)
    next(steps)
    next(steps, None)
    return searcher_class


@pytest.fixture
def index_dir(tmp_path, monkeypatch):
    monkeypatch.setenv("PYSERINI_LTRE_HOME", str(tmp_path / "home"))
    directory = tmp_path / "index"
    directory.mkdir()
    index = faiss.IndexFlatIP(8)
    index.add(np.eye(8, dtype=np.float32)[:3])
    faiss.write_index(index, str(directory / "index"))
    (directory / "docid").write_text("a\nb\nc\n")
    registry.register("indexes", "toy", path=directory)
    return directory


def test_registered_name_is_searched_as_its_path(index_dir):
    searcher = patched_dense_searcher().from_prebuilt_index("toy", OurEncoder(), normalize_distances=True)
    assert searcher.index == str(index_dir)
    assert searcher.prebuilt_index_name is None and searcher.ssearcher is None
    assert searcher.normalize_distances


def test_pyserinis_names_go_to_pyserini(index_dir):
    theirs = Theirs()
    made = patched_dense_searcher().from_prebuilt_index("beir-v1.0.0-scifact", theirs, True)
    assert made == ("Pyserini's", "beir-v1.0.0-scifact", theirs, True)


def test_unknown_name_with_another_encoder_ends_as_in_pyserini(index_dir):
    problem = OSError("offline")
    with pytest.raises(OSError, match="offline"):
        patched_dense_searcher(problem).from_prebuilt_index("nowhere", Theirs())


def test_unknown_name_with_our_encoder_is_bad_input(index_dir, monkeypatch):
    searcher_class = patched_dense_searcher(OSError("offline"))
    with pytest.raises(InputError, match=r"nowhere is neither .*registered: toy\), .*offline"):
        searcher_class.from_prebuilt_index("nowhere", OurEncoder())
    with pytest.raises(InputError, match=r"nowhere is neither .* nor a prebuilt index"):
        patched_dense_searcher(unknown=True).from_prebuilt_index("nowhere", OurEncoder())


def test_index_that_fits_is_loaded_and_its_docids_are_read_once(index_dir):
    (index_dir / "docid").write_text("a\n b \nc\n")
    searcher = patched_dense_searcher()(str(index_dir), OurEncoder())
    assert searcher.docids == ["a", " b", "c"]  # stripped as Pyserini strips them
    assert searcher.load_docids("docid") == ["read by Pyserini"]


def test_the_check_opens_the_index_once(index_dir, monkeypatch):
    opened = []

    class Counted(IndexDirectory):
        def __init__(self, path):
            opened.append(path)
            super().__init__(path)

    monkeypatch.setattr("pyserini_ltre.index.directory.IndexDirectory", Counted)
    patched_dense_searcher().from_prebuilt_index("toy", OurEncoder())
    assert opened == [str(index_dir)]


@pytest.mark.parametrize("name", ["index", "docid"])
def test_missing_file(index_dir, name):
    (index_dir / name).unlink()
    with pytest.raises(InputError, match=f"no file {name}"):
        patched_dense_searcher()(str(index_dir), OurEncoder())
    assert patched_dense_searcher()(str(index_dir), Theirs()).docids == ["read by Pyserini"]


def test_other_number_of_docids(index_dir):
    (index_dir / "docid").write_text("a\nb\n")
    with pytest.raises(InputError, match=r"3 vectors .* 2 ids"):
        patched_dense_searcher()(str(index_dir), OurEncoder())


def test_other_dimension(index_dir, monkeypatch):
    monkeypatch.setattr(OurEncoder, "dimension", 384)
    with pytest.raises(InputError, match="vectors of 8 dimensions, the encoder makes 384"):
        patched_dense_searcher()(str(index_dir), OurEncoder())


def test_lucene_searcher_takes_registered_names(index_dir):
    class LuceneSearcher:
        def __init__(self, index_dir, prebuilt_index_name=None):
            self.given = (index_dir, prebuilt_index_name)

        @classmethod
        def from_prebuilt_index(cls, prebuilt_index_name, verbose=False):
            return "Pyserini's", prebuilt_index_name, verbose

    searcher_class = finish(indexes.registered_lucene_indexes, LuceneSearcher)
    assert searcher_class.from_prebuilt_index("toy").given == (str(index_dir), None)
    assert searcher_class.from_prebuilt_index("robust04", verbose=True) == ("Pyserini's", "robust04", True)


def test_writer_compares_its_dimension_with_our_encoders(index_dir, monkeypatch):
    class FaissRepresentationWriter:
        def __init__(self, dir_path, dimension=768):
            self.given = (dir_path, dimension)

    writer_class = finish(document_vectors.checked_dimension, FaissRepresentationWriter)
    assert writer_class("out").given == ("out", 768)
    command = types.ModuleType("__main__")
    command.__spec__ = types.SimpleNamespace(name="pyserini.encode.__main__")
    monkeypatch.setitem(sys.modules, "__main__", command)
    command.encoder = Theirs()
    assert writer_class("out", dimension=3).given == ("out", 3)
    command.encoder = OurEncoder()
    assert writer_class("out", dimension=8).given == ("out", 8)
    with pytest.raises(SystemExit) as end:
        writer_class("out")
    assert end.value.code == 2
