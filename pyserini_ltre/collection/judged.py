"""Queries and their judgements from two files that belong together."""

import os

from pyserini_ltre.collection.qrels import read_qrels
from pyserini_ltre.collection.queries import read_queries
from pyserini_ltre.collection.records import Qrels, Queries
from pyserini_ltre.errors import InputError


def read_judged_queries(queries: str | os.PathLike, qrels: str | os.PathLike) -> tuple[Queries, Qrels]:
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
