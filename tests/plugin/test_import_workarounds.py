"""What is different only while a module of Pyserini is being imported: the key, the catalogue."""

import io
import json
import os
import types
import urllib.request
from urllib.error import URLError

import pytest

from pyserini_ltre.plugin.catalogue import offline_catalogue
from pyserini_ltre.plugin.openai_key import placeholder_key


@pytest.mark.parametrize("before", [None, ""])
def test_placeholder_key_is_there_during_the_import_only(before, monkeypatch):
    monkeypatch.delenv("OPENAI_API_KEY", raising=False)
    if before is not None:
        monkeypatch.setenv("OPENAI_API_KEY", before)
    patch = placeholder_key(types.ModuleType("pyserini.encode._openai"))
    next(patch)
    assert os.environ["OPENAI_API_KEY"]
    next(patch, None)
    assert os.environ.get("OPENAI_API_KEY") == before


def test_placeholder_key_goes_when_the_import_fails(monkeypatch):
    monkeypatch.delenv("OPENAI_API_KEY", raising=False)
    patch = placeholder_key(types.ModuleType("pyserini.encode._openai"))
    next(patch)
    patch.close()
    assert "OPENAI_API_KEY" not in os.environ


def test_a_real_key_is_not_touched(monkeypatch):
    monkeypatch.setenv("OPENAI_API_KEY", "real")
    patch = placeholder_key(types.ModuleType("pyserini.encode._openai"))
    next(patch)
    assert os.environ["OPENAI_API_KEY"] == "real"
    next(patch, None)
    assert os.environ["OPENAI_API_KEY"] == "real"


CATALOGUE = """
import json
from urllib.request import urlopen

class Lazy:
    def __init__(self, url):
        self.url, self._info = url, None

    def load(self):
        if self._info is None:
            with urlopen(self.url, timeout=10) as response:
                self._info = {record["name"]: record for record in json.load(response)}
        return self._info

    def __getitem__(self, key):
        return self.load()[key]

IMPACT_INDEX_INFO = Lazy("https://nowhere.invalid/impact.json")
OTHER_INDEX_INFO = Lazy("https://nowhere.invalid/other.json")
ALIASES = {"old": IMPACT_INDEX_INFO["new.first"], "older": IMPACT_INDEX_INFO["new.second"]}
"""


def run_catalogue(source):
    loader = types.SimpleNamespace(get_source=lambda name: source)
    module = types.ModuleType("pyserini.prebuilt_index_info")
    module.__spec__ = types.SimpleNamespace(loader=loader)
    patch = offline_catalogue(module)
    next(patch)
    exec(source, vars(module))
    next(patch, None)
    return module


def test_offline_the_catalogue_is_imported_and_holds_no_stand_in(monkeypatch):
    calls = []

    def offline(url, **options):
        calls.append(url)
        raise URLError("no network")

    monkeypatch.setattr(urllib.request, "urlopen", offline)
    module = run_catalogue(CATALOGUE)
    assert len(calls) == 1
    assert urllib.request.urlopen is module.urlopen is offline
    assert module.ALIASES == {}
    for info in (module.IMPACT_INDEX_INFO, module.OTHER_INDEX_INFO):
        with pytest.raises(URLError):
            info["new.first"]


def test_online_the_catalogue_is_pyserinis_own(monkeypatch):
    records = [{"name": "new.first", "md5": "1"}, {"name": "new.second", "md5": "2"}]

    def online(url, **options):
        return io.BytesIO(json.dumps(records).encode())

    monkeypatch.setattr(urllib.request, "urlopen", online)
    module = run_catalogue(CATALOGUE)
    assert {"old": records[0], "older": records[1]} == module.ALIASES
    assert module.urlopen is online


def test_catalogue_of_pyserini_1_is_not_touched():
    original = urllib.request.urlopen
    module = run_catalogue("FAISS_INDEX_INFO = {'a': {'md5': '1'}}")
    assert module.FAISS_INDEX_INFO == {"a": {"md5": "1"}}
    assert urllib.request.urlopen is original
