import math
from functools import partial

import pytest

from pyserini_ltre.collection import read_run, write_run
from pyserini_ltre.collection.runs import write_msmarco_run
from pyserini_ltre.errors import InputError


def test_written_runs_are_sorted_and_come_back(tmp_path):
    path = tmp_path / "run.txt"
    run = {"0007": {"b": 0.5, "NA": 2.0, "a": 0.5}, "q": {"x": -1e-9, "w": 0.0, "y": -3.25}}
    write_run(path, run, "mine")
    assert path.read_text() == (
        "0007 Q0 NA 1 2.000000 mine\n"
        "0007 Q0 a 2 0.500000 mine\n"
        "0007 Q0 b 3 0.500000 mine\n"
        "q Q0 w 1 0.000000 mine\n"
        "q Q0 x 2 0.000000 mine\n"
        "q Q0 y 3 -3.250000 mine\n"
    )
    assert read_run(path) == {"0007": {"NA": 2.0, "a": 0.5, "b": 0.5}, "q": {"w": 0.0, "x": 0.0, "y": -3.25}}


def test_scores_equal_in_print_are_ordered_by_document(tmp_path):
    write_run(tmp_path / "one", {"q": {"b": 0.12345649, "a": 0.12345641}}, "t")
    lines = (tmp_path / "one").read_text().splitlines()
    assert [line.split()[2] for line in lines] == ["a", "b"]
    write_run(tmp_path / "two", read_run(tmp_path / "one"), "t")
    assert (tmp_path / "one").read_bytes() == (tmp_path / "two").read_bytes()


def test_any_white_space_separates_columns(tmp_path):
    path = tmp_path / "run.txt"
    path.write_text("1\tQ0\td1\t1\t1e-3\tt\r\n\n1  Q0 d2 9 -2 t\n")
    assert read_run(path) == {"1": {"d1": 0.001, "d2": -2.0}}


@pytest.mark.parametrize(
    ("line", "message"),
    [
        ("1 Q0 d2 2 0.5", "5 columns"),
        ("1 Q0 d2 2 0.5 my tag", "7 columns"),
        ("1 Q0 d2 2 high t", "score 'high' is no finite number"),
        ("1 Q0 d2 2 nan t", "score 'nan' is no finite number"),
        ("1 Q0 d2 2 inf t", "score 'inf' is no finite number"),
        ("1 Q0 d1 2 0.5 t", "query 1 has document d1 twice"),
    ],
)
def test_bad_lines_are_named(tmp_path, line, message):
    path = tmp_path / "run.txt"
    path.write_text(f"1 Q0 d1 1 1.0 t\n{line}\n")
    with pytest.raises(InputError) as error:
        read_run(path)
    assert str(error.value).startswith(f"{path}:2: {message}")


def test_missing_and_empty_runs_are_refused(tmp_path):
    with pytest.raises(InputError, match="cannot be read"):
        read_run(tmp_path / "nowhere.txt")
    (tmp_path / "empty.txt").touch()
    with pytest.raises(InputError, match="empty"):
        read_run(tmp_path / "empty.txt")


@pytest.mark.parametrize(
    ("run", "said"),
    [
        ({"q": {"d": math.nan}}, "no finite number"),
        ({"q": {"a": 1.0, "d": math.inf}}, "document d: score inf"),
        ({"q": {"d 1": 1.0}}, "white space"),
        ({"q 1": {"d": 1.0}}, "white space"),
        ({"q": {"": 1.0}}, "white space"),
    ],
)
@pytest.mark.parametrize("write", [partial(write_run, tag="t"), write_msmarco_run])
def test_what_could_not_be_read_again_is_not_written(tmp_path, run, said, write):
    with pytest.raises(InputError, match=said):
        write(tmp_path / "run", run)
    assert not any(tmp_path.iterdir())
