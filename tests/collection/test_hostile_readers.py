"""Whatever is in a file: its reader answers rightly, or says in one line what is wrong."""

import gzip
import json
import math
from collections.abc import Callable
from pathlib import Path

import pytest
from hostile import damaged, damaged_json, explained
from hypothesis import given
from hypothesis import strategies as st

from pyserini_ltre.collection import (
    open_collection,
    read_msmarco_run,
    read_qrels,
    read_queries,
    read_run,
    write_qrels,
    write_run,
    write_topics,
)
from pyserini_ltre.errors import InputError
from pyserini_ltre.run.check import check_run

QUERIES = "q1\tfirst query\nq2\tzweite Anfrage ü\nq3\tthird\n".encode()
TREC_QRELS = b"q1 0 d1 1\nq1 0 d2 0\nq2 0 d3 -2\n"
BEIR_QRELS = b"query-id\tcorpus-id\tscore\nq1\td1\t1\nq2\td2\t0\n"
RUN = b"q1 Q0 d1 1 2.5 tag\nq1 Q0 d2 2 -1e-3 tag\nq2 Q0 d1 1 .5 tag\n"
RANKS = b"q1\td1\t1\nq1\td2\t2\nq2\td1\t1\n"
DOCUMENTS = b"d1\tfirst passage\nd2\tsecond passage\n"
RECORDS = [{"_id": "d1", "title": "one", "text": "first"}, {"_id": 2, "text": "second", "metadata": {}}]


def is_id(text: object) -> bool:
    return isinstance(text, str) and len(text.split()) == 1 and text == text.strip()


@given(damaged(QUERIES))
def test_queries(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "queries.tsv"
    path.write_bytes(content)
    with explained(tmp_path):
        queries = read_queries(path)
        assert queries and all(is_id(qid) and text.strip() for qid, text in queries.items())
        lines = content.decode("utf-8-sig").split("\n")
        assert list(queries) == [line.split("\t")[0] for line in lines if line.strip()]


@given(st.lists(damaged_json({"_id": "q1", "text": "a query"}), min_size=1, max_size=3))
def test_queries_of_json(tmp_path: Path, lines: list[bytes]) -> None:
    path = tmp_path / "queries.jsonl"
    path.write_bytes(b"\n".join(lines))
    with explained(tmp_path):
        queries = read_queries(path)
        assert queries and all(is_id(qid) and text.strip() for qid, text in queries.items())


@given(st.sampled_from([TREC_QRELS, BEIR_QRELS]).flatmap(damaged))
def test_qrels(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "qrels.tsv"
    path.write_bytes(content)
    with explained(tmp_path):
        qrels = read_qrels(path)
        assert qrels and all(map(is_id, qrels))
        write_qrels(path, qrels)
        assert read_qrels(path) == qrels
        path.write_bytes(content)


@given(damaged(RUN))
def test_run(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "run.txt"
    path.write_bytes(content)
    with explained(tmp_path):
        check_run(path)  # finds everything and refuses nothing but what it cannot read at all
        run = read_run(path)
        assert run and all(map(math.isfinite, (score for hits in run.values() for score in hits.values())))
        write_run(path, run, "tag", decimals=None)
        assert read_run(path) == run
        path.write_bytes(content)


@given(damaged(RANKS))
def test_ms_marco_run(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "ranks.tsv"
    path.write_bytes(content)
    with explained(tmp_path):
        check_run(path, task="msmarco")
        run = read_msmarco_run(path)
        assert run and all(0 < score <= 1 for hits in run.values() for score in hits.values())


@given(damaged(gzip.compress(QUERIES, mtime=0)))
def test_gzipped_queries(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "queries.tsv.gz"
    path.write_bytes(content)
    with explained(tmp_path):
        assert read_queries(path)


@given(st.sampled_from(["corpus.jsonl", "queries.jsonl", "qrels/test.tsv"]), st.data())
def test_beir_folder(tmp_path: Path, which: str, data: st.DataObject) -> None:
    files = {
        "corpus.jsonl": b"\n".join(json.dumps(record).encode() for record in RECORDS),
        "queries.jsonl": b'{"_id": "q1", "text": "one"}\n{"_id": "q2", "text": "two"}\n',
        "qrels/test.tsv": BEIR_QRELS,
    }
    kinds = damaged(files[which])
    if which == "corpus.jsonl":
        kinds |= st.lists(damaged_json(RECORDS[0]), max_size=3).map(b"\n".join)
    files[which] = data.draw(kinds)
    (tmp_path / "qrels").mkdir(exist_ok=True)
    for name, content in files.items():
        (tmp_path / name).write_bytes(content)
    with explained(tmp_path):
        collection = open_collection(tmp_path)
        documents = list(collection.documents())
        assert all(is_id(docid) and isinstance(title + text, str) for docid, title, text in documents)
        assert collection.queries("test").keys() == collection.qrels("test").keys()


@given(st.sampled_from(["collection.tsv", "queries.dev.tsv", "qrels.dev.tsv"]), st.data())
def test_ms_marco_folder(tmp_path: Path, which: str, data: st.DataObject) -> None:
    files = {"collection.tsv": DOCUMENTS, "queries.dev.tsv": QUERIES, "qrels.dev.tsv": TREC_QRELS}
    files[which] = data.draw(damaged(files[which]))
    for name, content in files.items():
        (tmp_path / name).write_bytes(content)
    with explained(tmp_path):
        collection = open_collection(tmp_path)
        assert all(is_id(document.docid) for document in collection.documents())
        assert collection.queries("dev").keys() == collection.qrels("dev").keys()


IDS = st.text(min_size=1, max_size=12).filter(is_id)


@given(st.dictionaries(IDS, st.text(max_size=30).filter(str.strip), min_size=1, max_size=4))
def test_topics_are_read_as_they_were_written(tmp_path: Path, queries: dict[str, str]) -> None:
    with explained(tmp_path):
        write_topics(tmp_path / "topics.tsv", queries)
        assert read_queries(tmp_path / "topics.tsv") == {
            qid: " ".join(text.split()) for qid, text in queries.items()
        }
        (tmp_path / "topics.tsv").unlink()


@pytest.mark.parametrize(
    ("read", "line", "fault"),
    [
        (read_qrels, "q 0 d 99999999999999999999", "no integer"),
        (read_qrels, f"q 0 d {'9' * 5000}", "no integer"),
        (read_qrels, "q 0 d 1_0", "no integer"),
        (read_qrels, "q 0 d \N{ARABIC-INDIC DIGIT ONE}", "no integer"),
        (read_run, "q Q0 d 1 1_0.5 tag", "no finite number"),
        (read_run, "q Q0 d 1 1e999 tag", "no finite number"),
        (read_run, "q Q0 d 1 NaN tag", "no finite number"),
        (read_msmarco_run, f"q d {'9' * 400}", "no whole number"),
        (read_msmarco_run, "q d 1_0", "no whole number"),
    ],
)
def test_numbers_that_no_program_after_us_could_hold(
    tmp_path: Path, read: Callable[[Path], object], line: str, fault: str
) -> None:
    path = tmp_path / "file"
    path.write_text(line + "\n")
    with pytest.raises(InputError, match=f"file:1: .*{fault}") as refused:
        read(path)
    assert len(str(refused.value)) < 300
