from pathlib import Path

import pytest

from pyserini_ltre.collection import read_queries, write_topics
from pyserini_ltre.errors import InputError


def written(folder: Path, name: str, content: str | bytes) -> Path:
    path = folder / name
    path.write_bytes(content if isinstance(content, bytes) else content.encode())
    return path


def test_reads_beir_lines_with_ids_as_text(tmp_path):
    path = written(
        tmp_path, "queries.jsonl", '{"_id": "0007", "text": "sort a list"}\n\n{"id": 12, "text": "NA"}\n'
    )
    assert read_queries(path) == {"0007": "sort a list", "12": "NA"}


def test_reads_tab_separated_topics(tmp_path):
    path = written(tmp_path, "topics.tsv", "\ufeff0007\tsort a list\r\nNA\t números \n")
    assert read_queries(path) == {"0007": "sort a list", "NA": "números"}


def test_topics_written_are_read_back_on_one_line_each(tmp_path):
    path = tmp_path / "topics.tsv"
    write_topics(path, {"0007": "sort\ta\nlist\r\nwith\x0bcare", "NA": "null"})
    assert path.read_text() == "0007\tsort a list with care\nNA\tnull\n"
    assert read_queries(path) == {"0007": "sort a list with care", "NA": "null"}


@pytest.mark.parametrize(
    ("name", "content", "message"),
    [
        ("q.tsv", "1\tone\n2\t \n", ":2: query 2 has no text"),
        ("q.tsv", "1\tone\n1\ttwo\n", ":2: query id 1 is there twice"),
        ("q.tsv", "1\tone\nno tab here\n", ":2: 1 tab-separated columns"),
        ("q.tsv", "1\tone\ttwo\n", ":1: 3 tab-separated columns"),
        ("q.tsv", "a b\tone\n", ":1: id 'a b' is empty or has white space"),
        ("q.tsv", "\tone\n", ":1: id '' is empty"),
        ("q.tsv", b"1\tone\n2\t\xff\n", ":2: not UTF-8"),
        ("q.tsv", "", ": the file is empty"),
        ("q.tsv", "\n \n", ": the file is empty"),
        ("q.jsonl", '{"_id": "1", "text": "one"}\n{"_id": "2"}\n', ":2: query 2 has no text"),
        ("q.jsonl", '{"_id": "1", "text": ["one"]}\n', ':1: "text" is not a text'),
        ("q.jsonl", '{"text": "one"}\n', ":1: no id"),
        ("q.jsonl", '{"_id": true, "text": "one"}\n', ":1: no id"),
        ("q.json", '[{"_id": "1", "text": "one"}]\n', ":1: not a JSON object"),
        ("q.jsonl", '{"_id": "1",\n', ":1: not JSON (Expecting property name"),
    ],
)
def test_bad_queries_are_named_by_file_and_line(tmp_path, name, content, message):
    path = written(tmp_path, name, content)
    with pytest.raises(InputError) as error:
        read_queries(path)
    assert str(error.value).startswith(f"{path}{message}")
    assert "\n" not in str(error.value)


def test_a_missing_file_is_named(tmp_path):
    with pytest.raises(InputError, match=r"nowhere.tsv: cannot be read \(No such file or directory\)"):
        read_queries(tmp_path / "nowhere.tsv")
