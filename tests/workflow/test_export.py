"""A collection written for Pyserini and trec_eval."""

import json

import pytest

from pyserini_ltre.collection import BeirFolder, Document, read_qrels, read_queries, write_beir
from pyserini_ltre.workflow.export import export, main

DOCUMENTS = [Document(f"d{i}", f"title {i}", f"text {i}") for i in range(30)]


def folder(path, *splits, queries=20):
    texts = {split: {f"{split}{i}": f"query {split} {i}" for i in range(queries)} for split in splits}
    qrels = {split: {qid: {f"d{i}": 1} for i, qid in enumerate(texts[split])} for split in splits}
    write_beir(path, DOCUMENTS, texts, qrels)
    return BeirFolder(path)


def test_all_three_splits_are_written_as_they_are(tmp_path):
    collection = folder(tmp_path / "beir", "train", "dev", "test")
    assert export(collection, tmp_path) == {"train": 20, "dev": 20, "test": 20}
    assert read_queries(tmp_path / "topics.dev.tsv") == collection.queries("dev")
    assert read_qrels(tmp_path / "qrels.test.txt") == collection.qrels("test")
    assert len((tmp_path / "corpus" / "documents.jsonl").read_text().splitlines()) == 30


def test_without_a_dev_split_training_queries_are_held_out(tmp_path):
    collection = folder(tmp_path / "beir", "train", "test")
    assert export(collection, tmp_path) == {"train": 18, "dev": 2, "test": 20}
    train, dev = (read_queries(tmp_path / f"topics.{split}.tsv") for split in ("train", "dev"))
    assert train | dev == collection.queries("train")
    assert read_qrels(tmp_path / "qrels.dev.txt").keys() == dev.keys()


def test_they_are_those_that_training_itself_would_hold_out(tmp_path):
    from pyserini_ltre.collection.held_out import hold_out
    from pyserini_ltre.collection.judged import judged_queries

    collection = folder(tmp_path / "beir", "train", "test")
    export(collection, tmp_path)
    rows = {document.docid: row for row, document in enumerate(DOCUMENTS)}
    judged = judged_queries(collection.queries("train"), collection.qrels("train"), rows, "train")
    assert read_queries(tmp_path / "topics.dev.tsv") == hold_out(judged)[1].queries


def test_a_test_split_of_another_name_is_not_used_as_dev(tmp_path):
    collection = folder(tmp_path / "beir", "train", "dev", "dev.small")
    export(collection, tmp_path, test="dev.small")
    assert read_queries(tmp_path / "topics.test.tsv") == collection.queries("dev.small")
    assert read_queries(tmp_path / "topics.dev.tsv").keys() < collection.queries("train").keys()


def test_test_queries_alone(tmp_path, capsys):
    folder(tmp_path / "beir", "test")
    main(["--collection", str(tmp_path / "beir"), "--output", str(tmp_path / "out")])
    assert capsys.readouterr().out.startswith("20 test queries")
    assert sorted(path.name for path in (tmp_path / "out").iterdir()) == [
        "corpus",
        "qrels.test.txt",
        "topics.test.json",
        "topics.test.tsv",
    ]
    texts = read_queries(tmp_path / "out" / "topics.test.tsv")
    topics = json.loads((tmp_path / "out" / "topics.test.json").read_text())
    assert {qid: topic["title"] for qid, topic in topics.items()} == texts


def test_unknown_split(tmp_path, capsys):
    folder(tmp_path / "beir", "test")
    with pytest.raises(SystemExit) as stopped:
        main(["--collection", str(tmp_path / "beir"), "--output", str(tmp_path / "out"), "--test", "eval"])
    assert stopped.value.code == 2
    assert "no split 'eval'" in capsys.readouterr().err
    assert not (tmp_path / "out").exists()
