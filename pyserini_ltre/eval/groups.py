"""Test queries divided by what training may have shown of them, so that memory is not taken for generalising."""

from pyserini_ltre.collection.overlap import NEAR_DUPLICATE, near_duplicates, overlapping_queries
from pyserini_ltre.collection.records import Qrels, Queries
from pyserini_ltre.errors import InputError

ALL = "all queries"
SHARED = "share a relevant document with a training query"
NEAR = f"near-duplicates of a training query (word overlap of {NEAR_DUPLICATE} or more)"
OTHERS = "none of these"


def query_groups(
    qrels: Qrels,
    train_qrels: Qrels | None = None,
    queries: Queries | None = None,
    train_queries: Queries | None = None,
) -> dict[str, list[str]]:
    """Divide judged queries by their overlap with training.

    Parameters
    ----------
    qrels : dict of str to dict of str to int
        Judgements of the test queries.
    train_qrels : dict of str to dict of str to int, optional
        Judgements of the training queries; without them, no query counts as sharing a document.
    queries, train_queries : dict of str to str, optional
        Texts of the test and of the training queries; without them, no query counts as a near-duplicate.

    Returns
    -------
    dict of str to list of str
        Name of the group -> query ids. The first group has all queries; the others, each query in the first
        that fits, are there if training is known.

    Raises
    ------
    InputError
        If a judged query has no text.
    """
    groups = {ALL: list(qrels)}
    left = dict.fromkeys(qrels)
    if train_qrels is not None:
        shared = overlapping_queries(qrels, train_qrels)
        groups[SHARED] = [qid for qid in left if qid in shared]
        left = {qid: None for qid in left if qid not in shared}
    if queries is not None and train_queries is not None:
        without = [qid for qid in qrels if qid not in queries]
        if without:
            raise InputError(
                f"{len(without)} judged queries, {without[0]} first, have no text; give `queries` with all of them"
            )
        near = near_duplicates({qid: queries[qid] for qid in left}, train_queries)
        groups[NEAR] = list(near)
        left = {qid: None for qid in left if qid not in near}
    if len(groups) > 1:
        groups[OTHERS] = list(left)
    return groups
