"""Scores against the expected ones: pass, fail, or nothing to compare with."""

import json

import pytest

from pyserini_ltre.registry.registry_file import resources
from pyserini_ltre.reproduce.collections import KNOWN
from pyserini_ltre.reproduce.conditions import CONDITIONS
from pyserini_ltre.reproduce.expected import FAIL, PASS, UNKNOWN, judge, record

SCORES = {"bm25": 0.5, "frozen": 0.6, "frozen+bm25": 0.65, "adore": 0.7}


@pytest.fixture
def recorded(expected_file, make_results):
    results = make_results("scifact", SCORES)
    for condition in SCORES:
        record(results, condition)
    return results


@pytest.mark.parametrize(
    ("condition", "change", "status"),
    [
        ("bm25", 0.0009, PASS),
        ("bm25", -0.0011, FAIL),
        ("frozen", 0.0019, PASS),
        ("frozen", 0.0021, FAIL),
        ("frozen+bm25", 0.0049, PASS),
        ("frozen+bm25", -0.0051, FAIL),
        ("adore", -0.0099, PASS),
        ("adore", 0.0101, FAIL),
    ],
)
def test_the_tolerance_is_that_of_the_kind(recorded, make_results, condition, change, status):
    results = make_results("scifact", {condition: SCORES[condition] + change})
    verdict = judge(results, condition)
    assert verdict.status == status and verdict.expected["nDCG@10"] == SCORES[condition]
    assert verdict.line("scifact", condition).startswith(status)


def test_nothing_to_compare_with_is_neither_pass_nor_fail(recorded, make_results):
    def line(*arguments, **settings):
        results = make_results(*arguments, **settings)
        (condition,) = results["conditions"]
        assert judge(results, condition).status == UNKNOWN
        return judge(results, condition).line(results["settings"]["collection"], condition)

    assert line("scifact", {"ltre": 0.7}).endswith("no expected score for this condition")
    assert line("scifact", {"bm25": 0.5}, encoder="other").endswith("no expected score for this encoder")
    assert line("scifact", {"bm25": 0.5}, fingerprint="x").endswith("for this version of the collection")
    found = line("python-stdlib", {"bm25": 0.5}, Python="3.12.1")
    assert found.endswith("no expected score for this library (Python 3.12.1)")


def test_scores_of_two_pythons_stand_side_by_side(expected_file, make_results):
    for python, value in (("3.11.7", 0.5), ("3.12.1", 0.6)):
        results = make_results("python-stdlib", {"bm25": value}, Python=python, fingerprint=python)
        record(results, "bm25")
        assert judge(results, "bm25").status == PASS
    entries = json.loads(expected_file.read_text())["expected"]
    assert [entry["Python"] for entry in entries] == ["3.11.7", "3.12.1"]


def test_recording_again_replaces(recorded, expected_file, make_results):
    record(make_results("scifact", {"bm25": 0.9}), "bm25")
    (entry,) = json.loads(expected_file.read_text())["expected"]
    assert entry["scores"]["bm25"]["nDCG@10"] == 0.9 and entry["scores"]["frozen"]["nDCG@10"] == 0.6


def test_what_is_trained_on_another_version_of_a_collection_is_not_compared(expected_file, make_results):
    results = make_results("cacm", SCORES, trained_on="s" * 64)
    for condition in SCORES:
        record(results, condition)
    other = make_results("cacm", SCORES, trained_on="other")
    assert judge(results, "adore").status == PASS
    assert judge(other, "adore").status == UNKNOWN and judge(other, "bm25").status == PASS


def test_the_scores_that_come_with_the_package_are_of_known_conditions():
    table = json.loads((resources() / "reproduction.json").read_text())
    assert set(table["tolerance"]) == {condition.kind for condition in CONDITIONS.values()}
    for entry in table["expected"]:
        assert set(entry["scores"]) <= set(CONDITIONS)
        assert all(
            set(scores) == set(KNOWN[entry["collection"]].measures) for scores in entry["scores"].values()
        )
        assert ("Python" in entry) == (entry["collection"] == "python-stdlib")
