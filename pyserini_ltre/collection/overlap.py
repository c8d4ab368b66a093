"""Which test queries a model may have seen the answers of while it was trained."""

import re
from collections import defaultdict

from pyserini_ltre.collection.records import Qrels, Queries

NEAR_DUPLICATE = 0.6
"""Word overlap from which on two queries count as near-duplicates."""


def overlapping_queries(test_qrels: Qrels, train_qrels: Qrels) -> set[str]:
    """Find the test queries that share a relevant document with a training query.

    A gain on these may be memory; only on the others does it show that the model generalises.

    Parameters
    ----------
    test_qrels, train_qrels : dict of str to dict of str to int
        Query id -> document id -> grade; a grade above 0 means relevant.

    Returns
    -------
    set of str
        Ids of test queries.
    """
    trained = {docid for judged in train_qrels.values() for docid, grade in judged.items() if grade > 0}
    return {
        qid
        for qid, judged in test_qrels.items()
        if any(grade > 0 and docid in trained for docid, grade in judged.items())
    }


def near_duplicates(test: Queries, train: Queries, threshold: float = NEAR_DUPLICATE) -> dict[str, float]:
    """Find the test queries that a training query repeats, or nearly so.

    The overlap of two queries is the number of different words that both have, divided by the number of
    different words that either has; words are case-folded runs of letters and digits.

    Parameters
    ----------
    test, train : dict of str to str
        Query id -> text.
    threshold : float
        Smallest overlap that counts, above 0 and at most 1.

    Returns
    -------
    dict of str to float
        Id of each test query that reaches the threshold -> its overlap with the most similar training query.
    """
    import numpy as np

    rows_of: dict[str, list[int]] = defaultdict(list)
    lengths = np.zeros(len(train), dtype=np.int32)
    for row, text in enumerate(train.values()):
        words = _words(text)
        lengths[row] = len(words)
        for word in words:
            rows_of[word].append(row)
    rows = {word: np.array(found, dtype=np.int32) for word, found in rows_of.items()}
    found = {}
    for qid, text in test.items():
        words = _words(text)
        known = [rows[word] for word in words if word in rows]
        if len(known) < threshold * len(words) or not known:
            continue  # even a training query with all the known words would fall short
        common = np.bincount(np.concatenate(known), minlength=len(train))
        overlap = float((common / (len(words) + lengths - common)).max())
        if overlap >= threshold:
            found[qid] = overlap
    return found


def _words(text: str) -> set[str]:
    return set(re.findall(r"[^\W_]+", text.casefold()))
