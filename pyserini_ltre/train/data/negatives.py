"""Negatives of the two-sided trainings: the batch's other documents, random documents, mined ones."""

import os
import random
from collections.abc import Mapping
from dataclasses import dataclass

from pyserini_ltre.collection import read_run
from pyserini_ltre.collection.judged import Judged
from pyserini_ltre.collection.records import Queries
from pyserini_ltre.errors import InputError, remark
from pyserini_ltre.mine.mining import not_relevant


@dataclass(frozen=True)
class MinedNegatives:
    """Hard negatives of queries: for each, rows of documents that are not judged relevant, best first.

    Attributes
    ----------
    train, dev : dict of str to list of int
        Those of the training queries, and of the dev queries if the file has any.
    remarks : tuple of str
        What was found when they were read, a line each.
    """

    train: dict[str, list[int]]
    dev: dict[str, list[int]]
    remarks: tuple[str, ...]


def read_mined(
    path: str | os.PathLike[str],
    train: Judged,
    dev: Judged,
    queries: Queries,
    dev_queries: Queries,
    row_of: Mapping[str, int],
    depth: int,
) -> MinedNegatives:
    """Read a TREC run of the training queries as negatives.

    Parameters
    ----------
    path : path
        Made by ``python -m pyserini_ltre.mine``, or any run, such as BM25's.
    train, dev : Judged
        The queries that are trained on, and those that the encoder is chosen on.
    queries, dev_queries : dict of str to str
        All queries of the training file, and of the dev file (empty if there is none).
    row_of : mapping of str to int
        Row of each document id.
    depth : int
        Best documents used of each query.

    Returns
    -------
    MinedNegatives
        With those queries of `train` and `dev` that have any.

    Raises
    ------
    InputError
        If a query or document does not exist, or no training query has a negative.

    Warns
    -----
    UserWarning
        If the file has dev queries: it may be the wrong one.
    """
    run = read_run(path)
    unknown = [qid for qid in run if qid not in queries and qid not in dev_queries]
    if unknown:
        raise InputError(
            f"{path}: {len(unknown)} of its {len(run)} queries do not exist, {unknown[0]} first; "
            "mine with the query file that you train with"
        )
    of_train, of_dev = sum(qid in queries for qid in run), sum(qid not in queries for qid in run)
    if not of_train:
        raise InputError(
            f"{path}: has none of the {len(queries)} training queries, but {of_dev} dev queries; "
            "mine with the training queries"
        )
    if of_dev:  # told at once, not when an hour of training is over
        remark(
            f"{path} was mined for {of_dev} dev queries; of the {len(queries)} training queries it has {of_train}"
        )
    removed = 0

    def negatives(judged: Judged, qid: str) -> list[int]:
        nonlocal removed
        hits = run.get(qid, {})
        kept = not_relevant(hits, judged.qrels[qid])
        removed += len(hits) - len(kept)
        return [_row(path, docid, row_of) for docid in kept[:depth]]

    rows = {qid: negatives(train, qid) for qid in train.queries}
    dev_rows = {qid: negatives(dev, qid) for qid in dev.queries}
    if not any(rows.values()):
        raise InputError(f"{path}: only judged-relevant documents; mine more than there are relevant ones")
    counted = (
        (removed, "judged-relevant documents are in {}: left out"),
        (
            sum(0 < len(found) < depth for found in rows.values()),
            f"training queries have fewer than {depth} negatives in {{}}: used as they are",
        ),
        (
            sum(not found for found in rows.values()),
            "training queries have none in {}: they draw from those of the others",
        ),
    )
    remarks = tuple(f"{count} {what.format(path)}" for count, what in counted if count)
    return MinedNegatives(
        {qid: found for qid, found in rows.items() if found},
        {qid: found for qid, found in dev_rows.items() if found},
        remarks,
    )


def _row(path: str | os.PathLike[str], docid: str, row_of: Mapping[str, int]) -> int:
    if docid not in row_of:
        raise InputError(
            f"{path}: document {docid} is not in the collection; mine from an index of this collection"
        )
    return row_of[docid]


class NegativeSampler:
    """Draws the negatives of a query; the same ones whenever it is asked for the same query and epoch.

    Parameters
    ----------
    documents : int
        Size of the collection.
    random_documents : bool
        Whether one is drawn from the whole collection.
    mined : dict of str to list of int, optional
        If given, one is drawn from the query's list.
    seed : int
        Of all draws.
    """

    def __init__(
        self, documents: int, random_documents: bool, mined: dict[str, list[int]] | None, seed: int
    ) -> None:
        self.documents = documents
        self.random_documents = random_documents
        self.mined = mined
        self.qids = list(mined or {})
        self.seed = seed

    @property
    def count(self) -> int:
        """Negatives drawn for each query."""
        return self.random_documents + (self.mined is not None)

    def draw(self, qid: str, epoch: int, positives: list[int]) -> tuple[int, list[int]]:
        """Draw one of the `positives` of a query, and its negatives: rows."""
        chance = random.Random(f"{self.seed} {epoch} {qid}")
        positive = chance.choice(positives)
        negatives = []
        if self.mined is not None:
            negatives.append(chance.choice(self.mined.get(qid) or self.mined[chance.choice(self.qids)]))
        if self.random_documents:
            negatives.append(chance.randrange(self.documents))
        return positive, negatives
