"""Whatever is in the records of a saved data set: it is read, or one line says that it is damaged."""

import json
import os
import shutil

import pytest
from datasets import Dataset, DatasetDict, disable_progress_bars, enable_progress_bars
from hostile import damaged, damaged_json, explained
from hypothesis import given
from hypothesis import strategies as st

from pyserini_ltre.collection import Document, HuggingFaceCollection
from pyserini_ltre.errors import InputError

RECORDS = ("qrels/dataset_dict.json", "corpus/dataset_info.json", "corpus/state.json")


@pytest.fixture(scope="module")
def saved(tmp_path_factory):
    folder = tmp_path_factory.mktemp("saved") / "small"
    disable_progress_bars()
    corpus = Dataset.from_dict({"_id": ["a", "b"], "title": ["", "t"], "text": ["x", "y"]})
    DatasetDict({"corpus": corpus, "queries": Dataset.from_dict({"_id": ["1"], "text": ["q"]})}).save_to_disk(
        folder
    )
    qrels = Dataset.from_dict({"query-id": ["1"], "corpus-id": ["a"], "score": [1]})
    DatasetDict({"test": qrels}).save_to_disk(folder / "qrels")
    enable_progress_bars()
    return folder


@pytest.fixture
def small(saved, tmp_path):
    shutil.copytree(saved, tmp_path / "small")
    return tmp_path / "small"


def everything(folder):
    collection = HuggingFaceCollection(str(folder))
    qrels = {split: collection.qrels(split) for split in collection.splits}
    return list(collection.documents()), {
        qid: grades for split in qrels.values() for qid, grades in split.items()
    }


@pytest.mark.parametrize("record", RECORDS)
@given(data=st.data())
def test_damaged_records(small, saved, record, data):
    whole = (saved / record).read_bytes()
    (small / record).write_bytes(data.draw(damaged_json(json.loads(whole)) | damaged(whole)))
    with explained(small):
        documents, qrels = everything(small)
        assert all(isinstance(text, str) for document in documents for text in document)
        assert all(isinstance(grade, int) for judged in qrels.values() for grade in judged.values())


@pytest.mark.parametrize("record", RECORDS)
@pytest.mark.parametrize(
    "content", [b"[]", b"null", b'"x"', b"{", b"[" * 100_000, b"\xff", b'{"a": "\\ud800"}', b"{}"]
)
def test_records_that_are_none(small, record, content):
    (small / record).write_bytes(content)
    with explained(small):
        assert everything(small)[0] == [Document("a", "", "x"), Document("b", "t", "y")]
        assert record == "corpus/dataset_info.json"  # which may be empty
        return


@pytest.mark.parametrize(
    "name", ["../queries/data-00000-of-00001.arrow", "/etc/passwd", "..", "", "a\0b", "pipe", "gone"]
)
def test_files_that_lie_elsewhere_or_are_none(small, name):
    os.mkfifo(small / "corpus" / "pipe")
    state = json.loads((small / "corpus" / "state.json").read_text())
    state["_data_files"] = [{"filename": name}]
    (small / "corpus" / "state.json").write_text(json.dumps(state))
    with pytest.raises(InputError, match=r"corpus: .*; save it again$"):
        list(HuggingFaceCollection(str(small)).documents())


def test_data_sets_that_lie_elsewhere(small):
    (small / "qrels" / "dataset_dict.json").write_text('{"splits": ["../corpus"]}')
    with pytest.raises(InputError, match=r"'\.\./corpus' is no name of a file in it; save it again"):
        everything(small)


@pytest.mark.parametrize("score", [float("nan"), float("inf"), -float("inf")])
def test_grades_that_are_no_numbers(small, score):
    shutil.rmtree(small / "qrels")
    rows = {"query-id": ["1"], "corpus-id": ["a"], "score": [score]}
    DatasetDict({"test": Dataset.from_dict(rows)}).save_to_disk(small / "qrels")
    with pytest.raises(InputError, match=r"row 1: score .* is no integer"):
        HuggingFaceCollection(str(small)).qrels("test")
