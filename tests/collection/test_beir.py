import itertools
import json

import pytest

from pyserini_ltre.collection import BeirFolder, Document, write_beir, write_json_collection
from pyserini_ltre.errors import InputError

DOCUMENTS = [
    Document("0007", "Título", "first text\nsecond line"),
    Document("NA", "", "no title"),
    Document("d3", "no text", ""),
]
QUERIES = {"train": {"1": "one"}, "test": {"02": "two\ttabs", "3": "three"}}
QRELS = {"train": {"1": {"0007": 1}}, "test": {"02": {"NA": 2, "d3": 0}, "3": {"d3": 1}}}


@pytest.fixture
def folder(tmp_path):
    write_beir(tmp_path / "collection", iter(DOCUMENTS), QUERIES, QRELS)
    return tmp_path / "collection"


def test_a_collection_comes_back_as_written(folder):
    collection = BeirFolder(folder)
    assert collection.splits == ("test", "train")
    assert list(collection.documents()) == DOCUMENTS
    for split in collection.splits:
        assert collection.queries(split) == QUERIES[split]
        assert collection.qrels(split) == QRELS[split]


def test_documents_are_read_one_at_a_time(folder):
    with open(folder / "corpus.jsonl", "a") as file:
        file.write("not JSON\n")
    documents = BeirFolder(folder).documents()
    assert list(itertools.islice(documents, 3)) == DOCUMENTS
    with pytest.raises(InputError, match=r"corpus.jsonl:4: not JSON"):
        next(documents)


def test_missing_parts_are_named(folder, tmp_path):
    with pytest.raises(InputError, match="no split 'dev'; there are: test, train"):
        BeirFolder(folder).qrels("dev")
    with pytest.raises(InputError, match=r"no corpus\.jsonl"):
        BeirFolder(tmp_path)
    (folder / "qrels" / "test.tsv").write_text("query-id\tcorpus-id\tscore\nunknown\td3\t1\n")
    with pytest.raises(
        InputError, match=r"test.tsv: 1 judged queries, unknown first, are not in .*queries.jsonl"
    ):
        BeirFolder(folder).queries("test")


def test_nothing_is_left_when_documents_cannot_be_read(tmp_path):
    def broken():
        yield DOCUMENTS[0]
        raise InputError("corpus.jsonl:2: bad line")

    for write in (
        lambda path: write_beir(path, broken(), {}, {}),
        lambda path: write_json_collection(broken(), path),
    ):
        with pytest.raises(InputError, match="bad line"):
            write(tmp_path / "out")
        assert not list(tmp_path.iterdir())


def test_json_collection_has_the_fields_that_pyserini_reads(tmp_path):
    assert write_json_collection(iter(DOCUMENTS), tmp_path / "json") == 3
    (file,) = (tmp_path / "json").iterdir()
    assert file.suffix == ".jsonl"
    assert [json.loads(line) for line in file.read_text(encoding="ascii").splitlines()] == [
        {"id": "0007", "title": "Título", "text": "first text\nsecond line",
         "contents": "Título\nfirst text\nsecond line"},
        {"id": "NA", "title": "", "text": "no title", "contents": "\nno title"},
        {"id": "d3", "title": "no text", "text": "", "contents": "no text\n"},
    ]  # fmt: skip


def test_json_collection_refuses_to_be_empty_or_to_overwrite(tmp_path):
    with pytest.raises(InputError, match="no documents"):
        write_json_collection([], tmp_path / "json")
    assert not (tmp_path / "json").exists()
    write_json_collection(DOCUMENTS, tmp_path / "json")
    with pytest.raises(InputError, match="not empty"):
        write_json_collection(DOCUMENTS, tmp_path / "json")
