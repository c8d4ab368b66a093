"""Take the best documents of the training queries that are not judged relevant."""

import os
from dataclasses import dataclass

from pyserini_ltre.collection.records import Qrels, Queries, Run, best_first
from pyserini_ltre.encode.model import BiEncoder
from pyserini_ltre.encode.search import search
from pyserini_ltre.index import IndexDirectory

# Negatives a query, in mining and in training alike.
DEPTH = 200


@dataclass(frozen=True)
class Mined:
    """Hard negatives, and what was found on the way.

    Attributes
    ----------
    run : Run
        The negatives of each query, with their scores, best first.
    removed : int
        Judged-relevant documents that were ranked among them and left out.
    fewer : int
        Queries with fewer negatives than asked for.
    """

    run: Run
    removed: int
    fewer: int


def not_relevant(hits: dict[str, float], judged: dict[str, int]) -> list[str]:
    """The documents of a ranked list that are not judged relevant, best first, ties by document id."""
    return [docid for docid in best_first(hits) if judged.get(docid, 0) <= 0]


def negatives_of_run(run: Run, qrels: Qrels, depth: int) -> Mined:
    """Take the `depth` best documents of each query of a run that are not judged relevant."""
    mined, removed = {}, 0
    for qid, hits in run.items():
        negatives = not_relevant(hits, qrels.get(qid, {}))
        removed += len(hits) - len(negatives)
        mined[qid] = {docid: hits[docid] for docid in negatives[:depth]}
    return Mined(mined, removed, sum(len(negatives) < depth for negatives in mined.values()))


def mine_negatives(
    index: IndexDirectory | str | os.PathLike[str],
    encoder: BiEncoder | str | os.PathLike[str],
    queries: Queries,
    qrels: Qrels,
    depth: int = DEPTH,
) -> Mined:
    """Search an index with each query, deep enough for `depth` documents that are not judged relevant.

    Parameters
    ----------
    index, encoder, queries
        See `pyserini_ltre.encode.search.search`.
    qrels : dict of str to dict of str to int
        Judgements of the queries.
    depth : int
        Negatives a query.

    Returns
    -------
    Mined
        The negatives, and what was left out.
    """
    most = max(sum(grade > 0 for grade in qrels.get(qid, {}).values()) for qid in queries)
    return negatives_of_run(search(index, encoder, queries, depth + most), qrels, depth)
