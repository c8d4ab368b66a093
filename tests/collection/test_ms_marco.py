import gzip

import pytest

from pyserini_ltre.collection import Document, MsMarcoFolder, open_collection
from pyserini_ltre.errors import InputError


@pytest.fixture
def passages(tmp_path):
    (tmp_path / "collection.tsv").write_text('0007\tan "unclosed quote\nNA\ttitré\n')
    (tmp_path / "queries.dev.tsv").write_text("1\tone\n2\tnot judged\n")
    (tmp_path / "queries.dev.small.tsv").write_text("02\ttwo\n")
    (tmp_path / "qrels.dev.tsv").write_text("1\t0\t0007\t1\n")
    (tmp_path / "qrels.dev.small.tsv").write_text("02\t0\tNA\t1\n")
    return tmp_path


def test_passages_queries_and_judgements(passages):
    collection = open_collection(passages)
    assert isinstance(collection, MsMarcoFolder)
    assert collection.splits == ("dev", "dev.small")
    assert list(collection.documents()) == [
        Document("0007", "", 'an "unclosed quote'),
        Document("NA", "", "titré"),
    ]
    assert collection.queries("dev") == {"1": "one"}
    assert collection.queries("dev.small") == {"02": "two"}
    assert collection.qrels("dev.small") == {"02": {"NA": 1}}


def test_documents_of_the_document_task_may_be_gzipped(tmp_path):
    with gzip.open(tmp_path / "msmarco-docs.tsv.gz", "wt") as file:
        file.write("D1\thttp://a.org\tA title\tThe body\nD2\thttp://b.org\t\t\n")
    with gzip.open(tmp_path / "msmarco-doctrain-queries.tsv.gz", "wt") as file:
        file.write("3\tthree\n")
    (tmp_path / "msmarco-doctrain-qrels.tsv").write_text("3 0 D2 1\n")
    collection = open_collection(tmp_path)
    assert list(collection.documents()) == [
        Document("D1", "http://a.org A title", "The body"),
        Document("D2", "http://b.org", ""),
    ]
    assert collection.splits == ("train",)
    assert collection.queries("train") == {"3": "three"}
    assert collection.qrels("train") == {"3": {"D2": 1}}


@pytest.mark.parametrize(
    ("line", "message"),
    [
        ("8 no tab", "collection.tsv:3: 1 tab-separated columns; write id, tab, text"),
        ("8\ttwo\ttabs", "collection.tsv:3: 3 tab-separated columns"),
        ("\tno id", "collection.tsv:3: id '' is empty"),
    ],
)
def test_bad_lines_are_named(passages, line, message):
    with open(passages / "collection.tsv", "a") as file:
        file.write(f"{line}\n")
    documents = MsMarcoFolder(passages).documents()
    assert next(documents).docid == "0007"
    with pytest.raises(InputError) as error:
        list(documents)
    assert message in str(error.value)


def test_missing_files_are_named(passages):
    with pytest.raises(InputError, match=r"no split 'train'; there are: dev, dev\.small"):
        MsMarcoFolder(passages).qrels("train")
    (passages / "queries.dev.tsv").unlink()
    with pytest.raises(InputError, match=r"no queries\.dev\.tsv"):
        MsMarcoFolder(passages).queries("dev")
    (passages / "collection.tsv").unlink()
    with pytest.raises(InputError, match=r"neither collection\.tsv nor msmarco-docs\.tsv"):
        MsMarcoFolder(passages)
