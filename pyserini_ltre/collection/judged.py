"""Queries and their judgements: read from two files, those that an index can answer, and some of them set aside."""

import hashlib
import os
from collections.abc import Mapping
from dataclasses import dataclass

from pyserini_ltre.collection.qrels import read_qrels
from pyserini_ltre.collection.queries import read_queries
from pyserini_ltre.collection.records import Qrels, Queries
from pyserini_ltre.errors import InputError

HELD_OUT_SHARE = 0.1
# A paired test needs two.
FEWEST_DEV_QUERIES = 2


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


def with_dev(train: Judged, dev: Judged | None) -> tuple[Judged, Judged]:
    """Training queries and what to choose the encoder on: the dev queries, or a tenth of the training queries.

    An `InputError` says if there are too few to choose on.
    """
    if dev is None:
        return hold_out(train)
    if len(dev.queries) < FEWEST_DEV_QUERIES:
        raise InputError(f"dev judgements: one query to choose on; give {FEWEST_DEV_QUERIES} or more")
    return train, dev


def hold_out(judged: Judged) -> tuple[Judged, Judged]:
    """Set about a tenth of the queries aside for model selection, chosen by a hash of their ids: train and held out.

    An `InputError` says if there are fewer than three queries.
    """
    if len(judged.queries) <= FEWEST_DEV_QUERIES:
        raise InputError(
            f"{len(judged.queries)} judged queries are too few to hold {FEWEST_DEV_QUERIES} out; give dev queries and "
            "their judgements"
        )
    by_hash = sorted(judged.queries, key=lambda qid: hashlib.sha256(qid.encode()).digest())
    count = max(FEWEST_DEV_QUERIES, round(len(by_hash) * HELD_OUT_SHARE))
    held = set(by_hash[:count])

    def part(chosen: list[str], missing: int, skipped: int, held_out: bool = False) -> Judged:
        queries = {qid: judged.queries[qid] for qid in chosen}
        return Judged(queries, {qid: judged.qrels[qid] for qid in chosen}, missing, skipped, held_out)

    rest = [qid for qid in judged.queries if qid not in held]
    return (
        part(rest, judged.missing_documents, judged.skipped_queries),
        part([qid for qid in judged.queries if qid in held], 0, 0, held_out=True),
    )
