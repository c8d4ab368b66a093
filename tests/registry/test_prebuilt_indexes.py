"""The packaged prebuilt indexes are those of the installed Pyserini, each with the encoder that its commands name."""

import importlib.util
import json
import re
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
    assert len(paired) == 356 and len(without) == 139 and paired.keys() | without.keys() == known.keys()


def packaged():
    return json.loads((REPOSITORY / "resources" / "prebuilt_indexes.json").read_text())


def as_on_the_web(entry):
    """What Pyserini's catalogue says of an index; nothing of what is left out is asked."""
    if "url" not in entry:
        return {}
    filename = entry.get("filename", entry["url"].rpartition("/")[2])
    info = {"filename": filename, "urls": [entry["url"]], "md5": entry["md5"], "size": entry["size"]}
    lucene = re.fullmatch(r"Lucene index \((.*)\) of (.*)", entry["description"])
    if lucene:
        return {"lucene": lucene[1], "texts": lucene[2], **info}
    documents, _, texts = entry["description"].partition(" documents of ")
    return {"documents": int(documents), "texts": texts, **info}


def as_a_record(name, info):
    """The same as a record of Lucene's part of the catalogue."""
    size, kind, texts = info["size"], info["lucene"], info["texts"]
    record = {"name": name, "type": kind, "corpus_index": texts, "compressed_size": size, "corpus": "Texts"}
    return {**record, **{key: info[key] for key in ("filename", "urls", "md5")}}


def test_catalogue_on_the_web_and_the_commands_of_this_pyserini_give_the_same(script, tmp_path, monkeypatch):
    entries = packaged()["indexes"] | packaged()["left out"]
    infos = {name: as_on_the_web(entry) for name, entry in entries.items()}
    lucene = sorted(name for name, info in infos.items() if "lucene" in info)
    names = sorted(infos.keys() - set(lucene))
    inverted = {"name": "beir-v1.0.0-nq.flat", "type": "inverted"}
    files = {
        "FAISS_INDEX_INFO_A": {name: infos[name] for name in names[::2]},
        "FAISS_INDEX_INFO_B": {name: infos[name] for name in names[1::2]},
        "LUCENE_HNSW_INDEX_INFO_A": [as_a_record(name, infos[name]) for name in lucene[::2]] + [inverted],
        "LUCENE_FLAT_INDEX_INFO_B": [as_a_record(name, infos[name]) for name in lucene[1::2]],
    }
    source = ["PREBUILT_INDEXES_COMMIT = 'c0ffee'", "OTHER = {}"]
    (tmp_path / "c0ffee" / "some").mkdir(parents=True)
    for part, content in files.items():
        (tmp_path / "c0ffee" / "some" / f"{part}.json").write_text(json.dumps(content))
        source.append(f"{part} = Lazy(_prebuilt_indexes_url('some/{part}.json'), key_prefixes=('beir-',))")
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


def test_lucene_says_what_anserini_encodes_with():
    indexes = registry.load()["indexes"]
    flat, faiss = (indexes[f"beir-v1.0.0-arguana.bge-base-en-v1.5{kind}"] for kind in (".flat", ""))
    assert flat["encoder"] == faiss["encoder"] and flat["normalise"]
    assert flat["query_prefix"].startswith("Represent this sentence") and "query_prefix" not in faiss
    int8 = indexes["msmarco-v2.1-doc-segmented-shard03.arctic-embed-l.hnsw-int8"]
    assert int8["encoder_class"] == "arctic" and int8["encoder"] == "Snowflake/snowflake-arctic-embed-l"
    assert (
        left_out("msmarco-v1-passage.cohere-embed-english-v3.0.hnsw") == "its encoder lies behind a service"
    )


def test_they_are_listed_by_family(capsys, refused):
    main(["list", "--family", "dkrr"])
    assert [line.split()[1] for line in capsys.readouterr().out.splitlines()] == [
        "wikipedia-dpr-100w.dkrr-nq",
        "wikipedia-dpr-100w.dkrr-tqa",
    ]
    main(["list", "--section", "indexes"])
    assert "--family those of a family (auto 209, contriever 76, qwen3 24" in capsys.readouterr().out
    assert refused(main, "list", "--family", "clip").startswith("--family clip: no index; use one of aggre")


def test_what_is_left_out_says_why(refused):
    assert left_out("msmarco-v1-passage.ance") is None
    message = refused(main, "show", "msmarco-v1-passage.openai-ada2")
    assert "is not registered here: its encoder lies behind a service" in message
