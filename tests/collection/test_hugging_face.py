import json

import pytest
from datasets import Dataset, DatasetDict

from pyserini_ltre.collection import Document, HuggingFaceCollection, open_collection
from pyserini_ltre.errors import InputError

CORPUS = {"_id": ["0007", "NA"], "title": ["a title", ""], "text": ["a text", "another"]}
QUERIES = {"_id": ["1", "02", "3"], "title": ["", "", ""], "text": ["one", "two", "three"]}
# Numbers, as BeIR/scifact-qrels has them where it can.
QRELS = {
    "train": {"query-id": ["1"], "corpus-id": ["0007"], "score": [1]},
    "test": {"query-id": ["02", "02"], "corpus-id": ["NA", "0007"], "score": [2, 0]},
}


def check(collection):
    assert collection.splits == ("test", "train")
    assert list(collection.documents()) == [
        Document("0007", "a title", "a text"),
        Document("NA", "", "another"),
    ]
    assert collection.queries("test") == {"02": "two"}
    assert collection.qrels("test") == {"02": {"NA": 2, "0007": 0}}


def save(folder, content):
    content.save_to_disk(folder)


def qrels():
    return DatasetDict({split: Dataset.from_dict(rows) for split, rows in QRELS.items()})


@pytest.fixture
def saved(tmp_path):
    corpus, queries = Dataset.from_dict(CORPUS), Dataset.from_dict(QUERIES)
    save(tmp_path / "small", DatasetDict({"corpus": corpus, "queries": queries}))
    save(tmp_path / "small-qrels", qrels())
    return tmp_path / "small"


def test_saved_as_one_dictionary_with_its_neighbour(saved):
    collection = open_collection(saved)
    assert isinstance(collection, HuggingFaceCollection)
    check(collection)
    check(open_collection(f"{saved}/"))


def test_saved_as_folders_in_one(tmp_path):
    save(tmp_path / "corpus", DatasetDict({"corpus": Dataset.from_dict(CORPUS)}))
    save(tmp_path / "queries", Dataset.from_dict(QUERIES))
    save(tmp_path / "qrels", qrels())
    check(open_collection(tmp_path))


def test_a_clone_of_a_data_set_on_the_hub(tmp_path, monkeypatch):
    monkeypatch.setattr("datasets.config.HF_DATASETS_CACHE", tmp_path / "cache")

    def write(folder, parts):
        folder.mkdir()
        card = ["---", "configs:"]
        for name, split, rows in parts:
            lines = (dict(zip(rows, row, strict=True)) for row in zip(*rows.values(), strict=True))
            (folder / f"{split}.jsonl").write_text("".join(f"{json.dumps(line)}\n" for line in lines))
            if f"- config_name: {name}" not in card:
                card += [f"- config_name: {name}", "  data_files:"]
            card += [f"  - split: {split}", f"    path: {split}.jsonl"]
        (folder / "README.md").write_text("\n".join([*card, "---", ""]))

    write(tmp_path / "small", [("corpus", "corpus", CORPUS), ("queries", "queries", QUERIES)])
    write(tmp_path / "small-qrels", [("default", split, rows) for split, rows in QRELS.items()])
    check(open_collection(tmp_path / "small"))


def test_numbers_become_text(tmp_path):
    save(tmp_path / "corpus", Dataset.from_dict({"_id": [7], "text": ["seven"]}))
    save(tmp_path / "queries", Dataset.from_dict({"_id": [1], "text": ["one"]}))
    save(
        tmp_path / "qrels",
        DatasetDict({"test": Dataset.from_dict({"query-id": [1], "corpus-id": [7], "score": [1.0]})}),
    )
    collection = open_collection(tmp_path)
    assert list(collection.documents()) == [Document("7", "", "seven")]
    assert collection.qrels("test") == {"1": {"7": 1}}
    assert collection.queries("test") == {"1": "one"}


def test_bad_rows_are_named(saved):
    def replace_qrels(score):
        rows = {"query-id": ["02"], "corpus-id": ["NA"], "score": [score]}
        save(saved.parent / "small-qrels", DatasetDict({"test": Dataset.from_dict(rows)}))

    replace_qrels(0.5)
    with pytest.raises(InputError, match=r"\(qrels, test\), row 1: score 0.5 is no integer"):
        open_collection(saved).qrels("test")
    with pytest.raises(InputError, match="no split 'dev'; there are: test"):
        open_collection(saved).qrels("dev")
    corpus = Dataset.from_dict({"_id": ["a", "b c"], "text": ["x", "y"]})
    save(saved.parent / "bad", DatasetDict({"corpus": corpus, "queries": Dataset.from_dict(QUERIES)}))
    with pytest.raises(InputError, match=r"bad \(corpus\), row 2: id 'b c' is empty or has white space"):
        list(open_collection(saved.parent / "bad").documents())


def test_what_cannot_be_loaded_is_named(saved):
    (saved.parent / "small-qrels").rename(saved.parent / "elsewhere")
    with pytest.raises(
        InputError, match=r"small-qrels: no data set can be loaded from there \(.*\); check"
    ) as error:
        open_collection(saved).qrels("test")
    assert "\n" not in str(error.value)
    with pytest.raises(InputError, match="no-such-owner/no-such-name: no data set can be loaded"):
        list(open_collection("no-such-owner/no-such-name").documents())
