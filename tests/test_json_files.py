"""JSON of another shape is named with its place."""

from pathlib import Path

import pytest

from pyserini_ltre.errors import InputError
from pyserini_ltre.json_files import check_shape

SHAPE = {
    "name": str,
    "count?": int,
    "scores": {str: float},
    "rows": [{"id": str}],
    "more?": dict,
    "any?": object,
}
GOOD = {"name": "x", "scores": {"a": 1, "b": 0.5}, "rows": [{"id": "1", "other": None}], "unknown": 3}


@pytest.mark.parametrize(
    "more", [{}, {"count": 3, "more": {"x": []}, "any": [1]}, {"rows": []}, {"scores": {}}]
)
def test_the_shape_itself(more):
    check_shape(GOOD | more, SHAPE, Path("f"), "mend it")


@pytest.mark.parametrize(
    ("content", "message"),
    [
        ([], "f: the file has to be a JSON object; mend it"),
        (None, "f: the file has to be a JSON object; mend it"),
        ({}, "f: the file lacks 'name'; mend it"),
        (GOOD | {"name": 3}, "f: name has to be a text; mend it"),
        (GOOD | {"count": True}, "f: count has to be a whole number; mend it"),
        (GOOD | {"count": 1.0}, "f: count has to be a whole number; mend it"),
        (GOOD | {"count": 10**20}, "f: count has to be a whole number; mend it"),
        (GOOD | {"scores": {"a": float("nan")}}, "f: scores / a has to be a finite number; mend it"),
        (GOOD | {"scores": {"a": float("inf")}}, "f: scores / a has to be a finite number; mend it"),
        (GOOD | {"scores": {"a": 10**400}}, "f: scores / a has to be a finite number; mend it"),
        (GOOD | {"rows": {}}, "f: rows has to be a list; mend it"),
        (GOOD | {"rows": [{"id": "1"}, {}]}, "f: rows / number 2 lacks 'id'; mend it"),
        (GOOD | {"more": []}, "f: more has to be a JSON object; mend it"),
    ],
)
def test_another_shape(content, message):
    with pytest.raises(InputError) as error:
        check_shape(content, SHAPE, Path("f"), "mend it")
    assert str(error.value) == message
