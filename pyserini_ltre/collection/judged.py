"""Queries and their judgements: read from two files, and those that an index can answer."""

import os
from collections.abc import Mapping
from dataclasses import dataclass

from pyserini_ltre.cluster import fetched
from pyserini_ltre.collection.qrels import read_qrels
from pyserini_ltre.collection.queries import read_queries
from pyserini_ltre.collection.records import Qrels, Queries
from pyserini_ltre.errors import InputError


def read_judged_queries(
    queries: str | os.PathLike[str], qrels: str | os.PathLike[str]
) -> tuple[Queries, Qrels]:
    """Read queries, and judgements of at least one of them.

    Parameters
    ----------
    queries, qrels : path
        See `read_queries` and `read_qrels`.

    Returns
    -------
    queries : dict of str to str
        All queries of the file.
    qrels : dict of str to dict of str to int
        All judgements of the file.

    Raises
    ------
    InputError
        If a line is malformed, or the two files have no query in common.
    """
    texts, judgements = read_queries(queries), read_qrels(qrels)
    if texts.keys().isdisjoint(judgements):
        raise InputError(
            f"{qrels}: judges none of the queries in {queries}; give the judgements of these queries"
        )
    return texts, judgements


@dataclass(frozen=True)
class Judged:
    """Queries that can be trained on or measured, and what had to be left out.

    Attributes
    ----------
    queries : dict of str to str
        Text of each query that has a relevant document in the index.
    qrels : dict of str to dict of str to int
        Their judgements, unknown documents left out.
    missing_documents : int
        Judgements that named documents which the index lacks.
    skipped_queries : int
        Queries without any relevant document in the index.
    held_out : bool
        Whether they were taken out of the training queries, to choose the encoder on.
    """

    queries: Queries
    qrels: Qrels
    missing_documents: int
    skipped_queries: int
    held_out: bool = False


def judged_queries(queries: Queries, qrels: Qrels, row_of: Mapping[str, int], source: str) -> Judged:
    """Keep the queries that have at least one relevant document in the index.

    Parameters
    ----------
    queries : dict of str to str
        Query texts by id.
    qrels : dict of str to dict of str to int
        Judgements; a grade above 0 is relevant.
    row_of : mapping of str to int
        Row of each document id in the index.
    source : str
        Named in the error: where the judgements came from.

    Returns
    -------
    Judged
        What is left and what was left out.

    Raises
    ------
    InputError
        If no query is left.
    """
    kept: Qrels = {}
    missing = 0
    row_of = fetched(row_of, {docid for qid in queries for docid in qrels.get(qid, {})})
    for qid in queries:
        judgements = {docid: grade for docid, grade in qrels.get(qid, {}).items() if docid in row_of}
        missing += len(qrels.get(qid, {})) - len(judgements)
        if any(grade > 0 for grade in judgements.values()):
            kept[qid] = judgements
    if not kept:
        raise InputError(
            f"{source}: none of {len(queries)} queries has a relevant document in the index "
            f"({missing} judgements name documents that it lacks); check that the ids are those of the index"
        )
    return Judged({qid: queries[qid] for qid in kept}, kept, missing, len(queries) - len(kept))
