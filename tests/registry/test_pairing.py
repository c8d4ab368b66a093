"""An encoder searches the index that it was trained for, or the user is told; and nobody downloads Lucene."""

import json
import shutil
import sys
import types
import warnings
from pathlib import Path

import faiss
import numpy as np
import pytest

from pyserini_ltre import registry
from pyserini_ltre.index import open_directory
from pyserini_ltre.index.directory import IndexDirectory
from pyserini_ltre.index.sharded.convert import shard
from pyserini_ltre.index.writing import write_index_directory
from pyserini_ltre.plugin import indexes
from pyserini_ltre.plugin.indexes import check_index

RECORD = {"name": "made-up", "pooling": "mean", "normalise": True, "prefix": "", "max_length": 8}


class OurEncoder:
    dimension = 4

    def __init__(self, model):
        self.encoder = types.SimpleNamespace(name=str(model))


OurEncoder.__module__ = "pyserini_ltre.encode.made_by_a_test"


def make_index(path, seed, factory="Flat"):
    vectors = np.random.default_rng(seed).normal(size=(300, 4)).astype(np.float32)
    index = faiss.index_factory(4, factory, faiss.METRIC_INNER_PRODUCT)
    index.train(vectors)
    index.add(vectors)
    write_index_directory(path, index, [f"d{n}" for n in range(300)], RECORD | {"name": f"encoder {seed}"})
    return path


@pytest.fixture
def index(tmp_path, monkeypatch):
    monkeypatch.setenv("PYSERINI_LTRE_HOME", str(tmp_path / "home"))
    monkeypatch.setenv("PYSERINI_CACHE", str(tmp_path / "cache"))
    return make_index(tmp_path / "index", seed=1)


@pytest.fixture
def model(tmp_path, index):
    """A model directory that names the index that it was trained for."""
    (tmp_path / "model").mkdir()
    description = {"index": {"path": str(index), "fingerprint": IndexDirectory(index).fingerprint}}
    (tmp_path / "model" / "pyserini_ltre.json").write_text(json.dumps(description))
    return tmp_path / "model"


def warned(index, model):
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        check_index(str(index), OurEncoder(model))
    return [str(warning.message) for warning in caught]


def test_its_own_index_moved_or_compressed_is_no_news(tmp_path, index, model):
    assert warned(index, model) == []
    make_index(tmp_path / "compressed", seed=1, factory="SQ8")
    assert warned(tmp_path / "compressed", model) == []
    shard(IndexDirectory(index), 3, tmp_path / "sharded")
    assert warned(tmp_path / "sharded", model) == []
    shutil.move(index, tmp_path / "moved")
    assert warned(tmp_path / "moved", model) == []


def test_the_shards_that_it_was_trained_for_may_be_put_together(tmp_path, index, model):
    shard(IndexDirectory(index), 3, tmp_path / "sharded")
    fingerprint = open_directory(tmp_path / "sharded").fingerprint
    description = {"index": {"path": str(tmp_path / "sharded"), "fingerprint": fingerprint}}
    (model / "pyserini_ltre.json").write_text(json.dumps(description))
    assert warned(tmp_path / "sharded", model) == warned(index, model) == []
    assert len(warned(make_index(tmp_path / "other", seed=2), model)) == 1


def test_another_index_is_told_in_one_line(tmp_path, index, model):
    other = make_index(tmp_path / "other", seed=2)
    (message,) = warned(other, model)
    assert f"was trained for index {index}, not for {other}" in message and "\n" not in message
    registry.register("indexes", "mine", path=index)
    (message,) = warned(other, model)
    assert "was trained for index mine" in message and "search with --index mine" in message


def test_an_index_that_changed_in_its_place_is_told(tmp_path, index, model):
    shutil.rmtree(index)
    make_index(index, seed=3)
    (message,) = warned(index, model)
    assert f"{index} has changed since encoder {model} was trained" in message


def test_models_that_name_no_index_are_taken_as_they_are(tmp_path, index):
    assert warned(index, "sentence-transformers/all-MiniLM-L6-v2") == []
    (tmp_path / "plain").mkdir()
    assert warned(index, tmp_path / "plain") == []
    (tmp_path / "plain" / "pyserini_ltre.json").write_text('{"method": "star", "index": null}')
    assert warned(index, tmp_path / "plain") == []


def test_a_registered_encoder_names_a_registered_index(tmp_path, index):
    (tmp_path / "adore").mkdir()
    other = make_index(tmp_path / "other", seed=2)
    registry.register("indexes", "passages", path=index)
    registry.register("encoders", "published", path=tmp_path / "adore", index="passages")
    assert registry.paired_index(tmp_path / "adore") == registry.PairedIndex("passages", index, None)
    assert warned(index, tmp_path / "adore") == []
    assert "was trained for index passages" in warned(other, tmp_path / "adore")[0]


def test_pyserinis_prebuilt_index_is_named_by_its_name(tmp_path, index):
    (tmp_path / "adore").mkdir()
    name = "msmarco-v1-passage.ance"
    registry.register("encoders", "published", path=tmp_path / "adore", index=name)
    assert f"trained for index {name}" in warned(index, tmp_path / "adore")[0]
    place = registry.paired_index(tmp_path / "adore").path
    place.parent.mkdir(parents=True)
    shutil.copytree(index, place)
    assert warned(place, tmp_path / "adore") == []


def test_trained_on_a_prebuilt_index_it_is_named_by_its_name(tmp_path, index, model):
    name = "msmarco-v1-passage.ance"
    registry.register("encoders", "any", path=model, index=name)
    place = tmp_path / "cache" / "indexes" / "ance"
    registry.register("indexes", "ance", path=place)
    (model / "pyserini_ltre.json").write_text(json.dumps({"index": {"path": str(place), "fingerprint": "0"}}))
    assert registry.paired_index(model) == registry.PairedIndex("ance", place, "0")


@pytest.fixture
def pyserini_like():
    """Searchers as Pyserini has them, whose downloads are recorded."""
    downloads = []

    class LuceneSearcher:
        def __init__(self, index_dir, prebuilt_index_name=None):
            self.index_dir = index_dir

        @classmethod
        def from_prebuilt_index(cls, prebuilt_index_name):
            downloads.append(("lucene", prebuilt_index_name))

    class FaissSearcher:
        def __init__(self, index_dir, query_encoder, prebuilt_index_name=None):
            self.query_encoder = query_encoder
            self.index_dir = self.load_index(index_dir)
            if prebuilt_index_name:
                LuceneSearcher.from_prebuilt_index(prebuilt_index_name)

        @classmethod
        def from_prebuilt_index(cls, prebuilt_index_name, query_encoder):
            downloads.append(("faiss", prebuilt_index_name))
            return "Pyserini's"

        def load_index(self, index_dir):
            return index_dir

    module = types.ModuleType("made")
    module.FaissSearcher, module.LuceneSearcher = FaissSearcher, LuceneSearcher
    for patch in (indexes.registered_dense_indexes, indexes.registered_lucene_indexes):
        steps = patch(module)
        next(steps)
        next(steps, None)
    module.downloads = downloads
    return module


def test_a_registered_name_never_downloads_a_lucene_index(index, model, pyserini_like):
    registry.register("indexes", "mine", path=index)
    searcher = pyserini_like.FaissSearcher.from_prebuilt_index("mine", OurEncoder(model))
    assert searcher.index_dir == str(index) and pyserini_like.downloads == []
    assert pyserini_like.FaissSearcher.from_prebuilt_index("mine", object()).index_dir == str(index)
    assert pyserini_like.downloads == []


def test_prebuilt_indexes_are_ours_only_for_our_encoders(tmp_path, index, model, pyserini_like):
    name = "msmarco-v1-passage.ance"
    place = Path(registry.load()["indexes"][name]["url"]).name.removesuffix(".tar.gz")
    place = tmp_path / "cache" / "indexes" / f"{place}.{registry.lookup('indexes', name)['md5']}"
    shutil.copytree(index, place)
    searcher = pyserini_like.FaissSearcher.from_prebuilt_index(name, OurEncoder(model))
    assert searcher.index_dir == str(place) and pyserini_like.downloads == []
    assert pyserini_like.FaissSearcher.from_prebuilt_index(name, object()) == "Pyserini's"
    pyserini_like.LuceneSearcher.from_prebuilt_index(name)
    assert pyserini_like.downloads == [("faiss", name), ("lucene", name)]


def test_the_registry_itself_imports_nothing_heavy():
    program = "import sys, pyserini_ltre.registry; print([m for m in ('numpy', 'torch', 'tqdm') if m in sys.modules])"
    import subprocess

    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    assert done.stdout == "[]\n"
