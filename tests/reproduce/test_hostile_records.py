"""Whatever is in the records of the matrix and the demo: they are used, or one line names the file."""

import json
import re

import pytest
from hostile import ODD_TEXT, damaged, damaged_json, explained
from hypothesis import given
from hypothesis import strategies as st

from pyserini_ltre.errors import CONTROL, InputError
from pyserini_ltre.reproduce import expected
from pyserini_ltre.reproduce.__main__ import main
from pyserini_ltre.reproduce.expected import judge, record
from pyserini_ltre.reproduce.matrix import Matrix
from pyserini_ltre.reproduce.report import write_report
from pyserini_ltre.reproduce.results import read_results
from pyserini_ltre.workflow.folder import FILE, WorkFolder

SETTINGS = {"collection": "scifact", "fingerprint": "f" * 64, "encoder": "e" * 64, "Python": "3.11"}
MEASURES = {"nDCG@10": 0.5, "RR@10": 0.25, "R@100": 1}
CONDITION = {"measures": MEASURES, "commands": [{"command": "python -m x --y 'a <b>'", "seconds": 3.5}]}
RESULTS = {
    "settings": SETTINGS,
    "queries": 300,
    "trained_on": {"name": "scifact", "fingerprint": "s" * 64},
    "conditions": {
        "bm25": CONDITION,
        "frozen": CONDITION,
        "frozen+bm25": {**CONDITION, "weights": "a 1 b 0.5"},
    },
}
DONE = {"settings": SETTINGS, "seconds": {"index": 3.5, "train": 100}}
TABLE = {
    "tolerance": {"bm25": 0.1, "frozen": 0.1, "fitted": 0.1, "trained": 0.1},
    "expected": [
        {**SETTINGS, "trained_on": RESULTS["trained_on"], "scores": {"bm25": MEASURES, "frozen": MEASURES}}
    ],
}


@pytest.fixture
def work(tmp_path):
    (tmp_path / "work" / "scifact").mkdir(parents=True)
    return tmp_path / "work"


def plain(page):
    """The text of a page, which may hold the markup that is ours only."""
    assert not CONTROL.search(re.sub("[\n\t]", "", page))
    assert set(re.findall("<script.*?>", page)) <= {"<script>"} and page.count("<script>") == 1
    return re.sub(r"<[^<>]*>", "", page)


def report_of(work, content):
    (work / "scifact" / "results.json").write_bytes(content)
    with explained(work):
        plain(write_report(work, work.parent / "report").read_text())


@given(damaged_json(RESULTS))
def test_results_of_another_structure(work, expected_file, content):
    expected_file.write_text(json.dumps(TABLE))
    report_of(work, content)


@given(damaged(json.dumps(RESULTS).encode()))
def test_results_of_other_bytes(work, expected_file, content):
    expected_file.write_text(json.dumps(TABLE))
    report_of(work, content)


@given(damaged_json(TABLE) | damaged(json.dumps(TABLE).encode()))
def test_expected_scores(work, expected_file, content):
    expected_file.write_bytes(content)
    for condition in RESULTS["conditions"]:
        with explained(work):
            CONTROL.search(judge(RESULTS, condition).line("scifact", condition))
    with explained(work):
        record(json.loads(json.dumps(RESULTS)), "frozen+bm25")
        assert "frozen+bm25" in expected_file.read_text()
        return
    assert expected_file.read_bytes() == content


@given(damaged_json(DONE) | damaged(json.dumps(DONE).encode()))
def test_what_is_done(work, content):
    (work / FILE).write_bytes(content)
    with explained(work):
        folder = WorkFolder(work, SETTINGS)
        for name in folder.seconds:
            with folder.stage(name) as to_do:
                assert not to_do


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ([], "a list where a JSON object belongs"),
        ({"conditions": []}, "conditions has to be a JSON object"),
        ({"conditions": {"bm25": {}}}, "conditions / bm25 lacks 'measures'"),
        ({"conditions": {"bm25": {**CONDITION, "measures": {"RR@10": 1}}}}, "measures lacks 'nDCG@10'"),
        (
            {"conditions": {"bm25": {**CONDITION, "commands": ["x"]}}},
            "commands / number 1 has to be a JSON object",
        ),
        ({"settings": {**SETTINGS, "collection": "cacm"}}, "results of cacm, not scifact"),
        ({"settings": {**SETTINGS, "encoder": None}}, "settings / encoder has to be a text"),
        ({"trained_on": "x"}, "trained_on has to be a JSON object"),
    ],
)
def test_results_that_are_none(work, capsys, change, message):
    file = work / "scifact" / "results.json"
    file.write_text(json.dumps(RESULTS | change if change else change))
    with pytest.raises(SystemExit) as end:
        main(["--report", str(work.parent / "report"), "--output", str(work)])
    assert end.value.code == 2 and not (work.parent / "report").exists()
    line = capsys.readouterr().err
    assert line.startswith(f"pyserini_ltre: {file}: ") and message in line and "; remove it and run" in line


@pytest.mark.parametrize("value", ["NaN", "Infinity", "1e999", "9" * 400, "true", '"0.5"', "null", "[0.5]"])
def test_a_score_that_is_none(work, value):
    text = json.dumps(RESULTS).replace('"nDCG@10": 0.5', f'"nDCG@10": {value}')
    (work / "scifact" / "results.json").write_text(text)
    with pytest.raises(InputError, match="nDCG@10 has to be a finite number"):
        read_results(work / "scifact", "scifact")


@pytest.mark.parametrize(
    "content", ["[]", '{"settings": []}', '{"settings": {}, "seconds": {"a": "b"}}', "{}", "{"]
)
def test_a_folder_whose_record_is_damaged_is_kept(work, content):
    (work / FILE).write_text(content)
    with (
        explained(work),
        pytest.raises(InputError, match=rf"^{work / FILE}.*; add `overwrite` to begin anew"),
    ):
        WorkFolder(work, SETTINGS)
    WorkFolder(work, SETTINGS, overwrite=True)
    assert json.loads((work / FILE).read_text()) == {"settings": SETTINGS, "seconds": {}}


def test_damaged_results_are_noticed_before_anything_is_run(work):
    class Plan:
        def folder(self, source):
            return work / "scifact"

    class Source:
        name, fingerprint, python, trained_on = "scifact", "f", None, None

    (work / "scifact" / "done.json").write_text(
        json.dumps({"settings": {"collection": "scifact", "fingerprint": "f", "encoder": "e"}, "seconds": {}})
    )
    (work / "scifact" / "results.json").write_text("{}")
    with explained(work), pytest.raises(InputError, match=r"results\.json: the file lacks 'settings'"):
        Matrix(Plan(), "e").run(None, Source())


TEXTS = st.sampled_from(
    [
        *(text for text in ODD_TEXT if text),
        "<script>alert(1)</script>",
        '" onclick="x',
        "</style><img src=x>",
        "&lt;",
    ]
)


@given(TEXTS, TEXTS, TEXTS, TEXTS)
def test_no_field_of_the_results_is_markup(work, expected_file, python, command, weights, queries):
    expected_file.write_text(json.dumps(TABLE))
    results = json.loads(json.dumps(RESULTS))
    results["settings"] |= {"Python": python, "fingerprint": python}
    results["queries"] = queries
    for of_condition in results["conditions"].values():
        of_condition |= {"weights": weights, "commands": [{"command": command, "seconds": 1}]}
    (work / "scifact" / "results.json").write_text(json.dumps(results))
    page = write_report(work, work.parent / "report").read_text()
    text = plain(page)
    assert "<script>alert" not in page and "<img" not in page and 'onclick="x' not in page
    assert ("&lt;script&gt;alert(1)" in text) == any(
        "<script>" in t for t in (python, command, weights, queries)
    )


def test_the_file_of_expected_scores_is_named(expected_file):
    assert expected_file == expected.FILE
    expected_file.write_text('{"tolerance": {}, "expected": []}')
    with pytest.raises(
        InputError, match=rf"^{expected_file}: tolerance lacks '\w+'; take the file that comes with"
    ):
        judge(RESULTS, "bm25")
