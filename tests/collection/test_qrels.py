import pytest

from pyserini_ltre.collection import read_qrels, write_qrels
from pyserini_ltre.errors import InputError

QRELS = {"0007": {"NA": 1, "d2": 0}, "q2": {"d2": 2, "d3": -1}}


def test_trec_qrels_come_back_as_written(tmp_path):
    path = tmp_path / "qrels.txt"
    write_qrels(path, QRELS)
    assert path.read_text().splitlines()[0] == "0007 0 NA 1"
    assert read_qrels(path) == QRELS


def test_reads_beir_with_its_header(tmp_path):
    path = tmp_path / "test.tsv"
    path.write_text("query-id\tcorpus-id\tscore\n0007\tNA\t1\n0007\td2\t0\nq2\td2\t2\nq2\td3\t-1\n")
    assert read_qrels(path) == QRELS


def test_any_white_space_separates_trec_columns(tmp_path):
    path = tmp_path / "qrels.tsv"
    path.write_text("1\t0\td1\t1\r\n1   Q0 d2\t 0\n1 0 d1 1\n")
    assert read_qrels(path) == {"1": {"d1": 1, "d2": 0}}


@pytest.mark.parametrize(
    ("content", "message"),
    [
        ("1 0 d1 1\n1 0 d2\n", ":2: 3 columns"),
        ("1\td1\t1\n", ":1: 3 columns"),
        ("query-id\tcorpus-id\tscore\n1\t0\td1\t1\n", ":2: 4 columns"),
        ("query-id\tcorpus-id\tscore\n", ": a header and no judgements"),
        ("1 0 d1 yes\n", ":1: grade 'yes' is no integer"),
        ("1 0 d1 1.0\n", ":1: grade '1.0' is no integer"),
        ("1 0 d1 1\n1 0 d1 2\n", ":2: document d1 has two grades for query 1"),
        ("", ": the file is empty"),
    ],
)
def test_bad_judgements_are_named_by_file_and_line(tmp_path, content, message):
    path = tmp_path / "qrels.txt"
    path.write_text(content)
    with pytest.raises(InputError) as error:
        read_qrels(path)
    assert str(error.value).startswith(f"{path}{message}")
    assert "\n" not in str(error.value)
