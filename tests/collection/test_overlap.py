import random
import re

import pytest

from pyserini_ltre.collection import near_duplicates, overlapping_queries


def test_overlap_counts_relevant_documents_only():
    test = {"t1": {"a": 1}, "t2": {"b": 1}, "t3": {"a": 0, "c": 1}, "t4": {"d": 1, "a": 2}}
    train = {"x": {"a": 1, "c": 0}, "y": {"b": 0}}
    assert overlapping_queries(test, train) == {"t1", "t4"}


def test_near_duplicates_share_most_of_their_words():
    train = {"x": "Return the width of this widget.", "y": "Flush and close the file"}
    test = {
        "same": "RETURN the width: of this, widget",
        "one word": "Return the height of this widget",
        "longer": "Return the width of this widget, and close the file again at once",
        "other": "Sort a list",
        "no words": "...",
    }
    assert near_duplicates(test, train) == {"same": 1.0, "one word": pytest.approx(5 / 7)}
    assert near_duplicates(test, train, threshold=0.9) == {"same": 1.0}
    assert near_duplicates(test, {}) == {}


def test_near_duplicates_are_those_that_comparing_all_pairs_finds():
    draw = random.Random(3)
    train, test = (
        {f"{side}{i}": " ".join(draw.choices("abcdefgh", k=draw.randrange(1, 7))) for i in range(60)}
        for side in ("train", "test")
    )
    expected = {}
    for qid, text in test.items():
        words = set(re.findall(r"\w+", text))
        best = max(len(words & set(t.split())) / len(words | set(t.split())) for t in train.values())
        if best >= 0.6:
            expected[qid] = pytest.approx(best)
    assert 5 < len(expected) < 60
    assert near_duplicates(test, train) == expected
