"""Texts out of Pyserini's Lucene indexes."""

import json
import subprocess
import sys

import pytest

from pyserini_ltre.errors import InputError
from pyserini_ltre.train.data.lucene_texts import LuceneTexts

RECORDS = [
    {"id": "b", "contents": "A title\nand a text"},
    {"id": "a", "title": "Größe", "text": "of a thing", "contents": "Größe\nof a thing"},
    {"id": "c", "contents": "more"},
]


def made(folder, *flags):
    corpus = folder / "corpus"
    corpus.mkdir()
    (corpus / "documents.jsonl").write_text("".join(json.dumps(record) + "\n" for record in RECORDS))
    command = ["-m", "pyserini.index.lucene", "--collection", "JsonCollection", "--input", corpus, *flags]
    command = [sys.executable, *map(str, command), "--index", str(folder / "lucene"), "--threads", "1"]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr[-2000:]
    return folder / "lucene"


@pytest.mark.parametrize("flag", ["--storeRaw", "--storeContents"])
def test_what_is_stored_is_read(tmp_path, flag):
    documents = {document.docid: document for document in LuceneTexts(made(tmp_path, flag)).documents()}
    assert set(documents) == {"a", "b", "c"}
    assert documents["b"].text == "A title\nand a text"
    assert documents["c"][1:] == ("", "more")
    titled = documents["a"]
    assert f"{titled.title} {titled.text}".split() == ["Größe", "of", "a", "thing"]


def test_nothing_stored(tmp_path):
    index = made(tmp_path)
    with pytest.raises(
        InputError, match=rf"{index}: stores no texts; give the collection, or index it again"
    ):
        list(LuceneTexts(index).documents())


def test_no_index(tmp_path):
    with pytest.raises(InputError, match=rf"{tmp_path}/lucene: Pyserini cannot read its texts \(.+\); give"):
        list(LuceneTexts(tmp_path / "lucene").documents())
