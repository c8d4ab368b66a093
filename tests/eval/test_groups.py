import pytest

from pyserini_ltre.errors import InputError
from pyserini_ltre.eval.groups import ALL, NEAR, OTHERS, SHARED, query_groups

QRELS = {"1": {"a": 1}, "2": {"b": 1}, "3": {"c": 1}}
QUERIES = {"1": "open a file", "2": "close the file", "3": "sort a list", "9": "not judged"}


def test_each_query_is_in_the_first_group_that_fits():
    groups = query_groups(
        QRELS, {"t": {"a": 1, "c": 0}}, QUERIES, {"t": "open a file", "u": "Close the file!"}
    )
    assert groups == {ALL: ["1", "2", "3"], SHARED: ["1"], NEAR: ["2"], OTHERS: ["3"]}
    assert "0.6" in NEAR


def test_what_is_not_known_makes_no_group():
    assert query_groups(QRELS) == {ALL: ["1", "2", "3"]}
    assert query_groups(QRELS, {"t": {"a": 1}}) == {ALL: ["1", "2", "3"], SHARED: ["1"], OTHERS: ["2", "3"]}
    assert query_groups(QRELS, None, QUERIES, {"t": "sort the list"}) == {
        ALL: ["1", "2", "3"],
        NEAR: [],
        OTHERS: ["1", "2", "3"],
    }


def test_judged_queries_need_their_text():
    with pytest.raises(InputError, match="1 judged queries, 3 first, have no text"):
        query_groups(QRELS, None, {"1": "one", "2": "two"}, {"t": "three"})
