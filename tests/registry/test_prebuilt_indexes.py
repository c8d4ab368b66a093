"""The packaged prebuilt indexes are those of the installed Pyserini, each with the encoder that its commands name."""

import importlib.util
import json
import sys
from collections import Counter
from pathlib import Path

import pytest

from pyserini_ltre import registry
from pyserini_ltre.encode.families import FAMILIES
from pyserini_ltre.registry.__main__ import main
from pyserini_ltre.registry.entries import left_out
from pyserini_ltre.registry.sources import location

REPOSITORY = Path(__file__).parents[2]
PYSERINI = Path(importlib.util.find_spec("pyserini").submodule_search_locations[0])


@pytest.fixture(scope="module")
def script():
    """The program that made the file."""
    sys.path.insert(0, str(REPOSITORY / "integrations"))
    try:
        import prebuilt_indexes
    finally:
        sys.path.remove(str(REPOSITORY / "integrations"))
    return prebuilt_indexes


@pytest.fixture(scope="module")
def known(script):
    try:
        return dict(script.catalogue(PYSERINI))
    except OSError as error:
        pytest.skip(f"this Pyserini has its catalogue on the web, as 2.4 does: {error}")


def test_file_is_what_the_script_makes_of_pyserini(script, known):
    paired, without = script.pair(known, dict(script.recipes(PYSERINI)))
    assert packaged() == {"indexes": paired, "left out": without}
    assert len(paired) == 272 and len(without) == 137 and paired.keys() | without.keys() == known.keys()


def packaged():
    return json.loads((REPOSITORY / "resources" / "prebuilt_indexes.json").read_text())


def as_on_the_web(name, entry):
    """What Pyserini's catalogue says of an index; nothing of what is left out is asked."""
    if "url" not in entry:
        return {}
    documents, _, texts = entry["description"].partition(" documents of ")
    filename = entry.get("filename", entry["url"].rpartition("/")[2])
    info = {"documents": int(documents), "texts": texts, "filename": filename, "urls": [entry["url"]]}
    return {**info, "md5": entry["md5"], "size": entry["size"]}


def test_catalogue_on_the_web_and_the_commands_of_this_pyserini_give_the_same(script, tmp_path, monkeypatch):
    entries = packaged()["indexes"] | packaged()["left out"]
    infos = {name: as_on_the_web(name, entry) for name, entry in entries.items()}
    names = sorted(infos)
    source = ["PREBUILT_INDEXES_COMMIT = 'c0ffee'", "OTHER = {}"]
    (tmp_path / "c0ffee" / "faiss").mkdir(parents=True)
    for part, half in (("A", names[::2]), ("B", names[1::2])):
        (tmp_path / "c0ffee" / "faiss" / part).write_text(json.dumps({name: infos[name] for name in half}))
        source.append(f"FAISS_INDEX_INFO_{part} = Lazy(_prebuilt_indexes_url('faiss/{part}'))")
    source.append("FAISS_INDEX_INFO = Catalog(FAISS_INDEX_INFO_A, FAISS_INDEX_INFO_B)")
    (tmp_path / "prebuilt_index_info.py").write_text("\n".join(source))
    monkeypatch.setattr(script, "WEB", f"{tmp_path.as_uri()}/{{commit}}/{{path}}")
    found = dict(script.catalogue(tmp_path))
    assert found == infos
    paired, without = script.pair(found, dict(script.recipes(PYSERINI)))
    assert packaged() == {"indexes": paired, "left out": without}


def test_each_goes_where_pyserini_puts_it(known, tmp_path, monkeypatch):
    monkeypatch.setenv("PYSERINI_CACHE", str(tmp_path))
    for name, entry in registry.load()["indexes"].items():
        if entry.get("prebuilt"):
            folder = f"{known[name]['filename'].removesuffix('.tar.gz')}.{known[name]['md5']}"
            assert location("indexes", name, entry) == tmp_path / "indexes" / folder


def test_each_has_a_family_that_does_what_the_entry_says():
    entries = [entry for entry in registry.load()["indexes"].values() if entry.get("prebuilt")]
    families = Counter(entry["encoder_class"] for entry in entries)
    assert families["tct_colbert"] == 8 and families["dpr"] == 15 and "plain" not in families
    for entry in entries:
        family = FAMILIES[entry["encoder_class"]]
        assert entry["pooling"] in family.poolings
        assert family.normalise is None or "normalise" not in entry
        assert "\\" not in entry.get("query_prefix", "")


def test_they_are_listed_by_family(capsys, refused):
    main(["list", "--family", "dkrr"])
    assert [line.split()[1] for line in capsys.readouterr().out.splitlines()] == [
        "wikipedia-dpr-100w.dkrr-nq",
        "wikipedia-dpr-100w.dkrr-tqa",
    ]
    main(["list", "--section", "indexes"])
    assert "--family those of a family (auto 137, contriever 76, qwen3 24" in capsys.readouterr().out
    assert refused(main, "list", "--family", "clip").startswith("--family clip: no index; use one of aggre")


def test_what_is_left_out_says_why(refused):
    assert left_out("msmarco-v1-passage.ance") is None
    message = refused(main, "show", "msmarco-v1-passage.openai-ada2")
    assert "is not registered here: its encoder lies behind a service" in message
