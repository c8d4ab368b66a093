"""Runs of the same queries combined into one: by reciprocal rank, or by a weighted sum of their scores.

Ties go by document id and sums do not depend on the order of their terms, so the result depends on nothing but
what the runs say.
"""

from collections.abc import Iterator, Sequence
from typing import Literal, NamedTuple

import numpy as np

from pyserini_ltre.collection.records import Run
from pyserini_ltre.errors import InputError
from pyserini_ltre.run.normalise import Normalisation, normalised

HITS = 1000
"""How many documents a combined run keeps for a query, unless told otherwise."""
RANK_CONSTANT = 60
Missing = Literal["zero", "lowest"]


class Aligned(NamedTuple):
    """The hits of one query: `docids` (n,) sorted, and `scores` (runs, n), a row for each run."""

    docids: np.ndarray
    scores: np.ndarray


def reciprocal_rank(
    runs: Sequence[Run], constant: int = RANK_CONSTANT, depth: int | None = None, hits: int = HITS
) -> Run:
    """Combine runs by their ranks: score = sum over the runs of 1 / (constant + rank).

    The ranks are those of the scores, ties by document id; those written in a run file do not count.

    Parameters
    ----------
    runs : sequence of dict of str to dict of str to float
        Query id -> document id -> score.
    constant : int
        The larger, the less the first ranks stand out.
    depth : int, optional
        How many hits of each run to look at; by default all.
    hits : int
        How many documents to keep for a query.

    Returns
    -------
    dict of str to dict of str to float
        The combined run, best document first, queries sorted by id; it has every query that any run has.
    """
    return {qid: _best(*_by_rank(aligned, constant), hits) for qid, aligned in align(runs, depth=depth)}


def weighted_sum(
    runs: Sequence[Run],
    weights: Sequence[float],
    normalise: Normalisation = "none",
    missing: Missing = "zero",
    depth: int | None = None,
    hits: int = HITS,
) -> Run:
    """Combine runs by their scores: score = sum over the runs of weight * score.

    Parameters
    ----------
    runs : sequence of dict of str to dict of str to float
        Query id -> document id -> score.
    weights : sequence of float
        One for each run.
    normalise : {"none", "min-max", "z-score"}
        What to do with the scores that a run gives for a query before they are added; see `normalised`.
    missing : {"zero", "lowest"}
        What a document that a run lacks gets there: 0, as in ``pyserini.fusion``, or the lowest score that the run
        has for the query, as in ``pyserini.search.hybrid``.
    depth, hits
        As for `reciprocal_rank`.

    Returns
    -------
    dict of str to dict of str to float
        As from `reciprocal_rank`.
    """
    return {
        qid: _best(aligned.docids, fused_scores(aligned.scores, weights), hits)
        for qid, aligned in align(runs, normalise, missing, depth)
    }


def fuse_runs(
    runs: Sequence[Run],
    weights: Sequence[float] | None = None,
    normalise: Normalisation = "min-max",
    hits: int = HITS,
) -> Run:
    """Combine runs of the same queries: by reciprocal ranks, or with weights by their scores.

    Parameters
    ----------
    runs : sequence of dict of str to dict of str to float
        Query id -> document id -> score.
    weights : sequence of float, optional
        One for each run; without them, ranks decide (`reciprocal_rank`).
    normalise, hits
        As for `weighted_sum`.

    Returns
    -------
    dict of str to dict of str to float
        As from `reciprocal_rank`.

    Raises
    ------
    InputError
        If there are not as many weights as runs.
    """
    if weights is None:
        return reciprocal_rank(runs, hits=hits)
    if len(weights) != len(runs):
        raise InputError(f"`weights`: {len(weights)} for {len(runs)} runs; give one for each")
    return weighted_sum(runs, weights, normalise, hits=hits)


def interpolate(first: Run, second: Run, alpha: float, hits: int = HITS) -> Run:
    """Combine a dense and a sparse run as ``pyserini.search.hybrid`` does: score = first + alpha * second.

    A document that one run lacks gets the lowest score that the query's hits have there, or 0 if there are none.

    Parameters
    ----------
    first, second : dict of str to dict of str to float
        Query id -> document id -> score.
    alpha : float
        Weight of the second run.
    hits : int
        How many documents to keep for a query.

    Returns
    -------
    dict of str to dict of str to float
        As from `reciprocal_rank`.
    """
    return weighted_sum([first, second], [1.0, alpha], missing="lowest", hits=hits)


def align(
    runs: Sequence[Run],
    normalise: Normalisation = "none",
    missing: Missing | None = None,
    depth: int | None = None,
) -> Iterator[tuple[str, Aligned]]:
    """Put the scores that runs give to the same documents side by side.

    Parameters
    ----------
    runs, normalise, depth
        As for `weighted_sum`. A run's scores are normalised before hits are cut off.
    missing : {"zero", "lowest"}, optional
        As for `weighted_sum`; by default NaN stays where a run lacks a document.

    Yields
    ------
    (str, Aligned)
        Query id and its hits, queries sorted by id.
    """
    for qid in sorted(set().union(*runs)):
        sides = [run.get(qid, {}) for run in runs]
        docids = sorted(set().union(*sides))
        scores = np.array([[side.get(docid, np.nan) for docid in docids] for side in sides])
        for row in scores:
            there = np.flatnonzero(~np.isnan(row))
            row[there] = normalised(row[there], normalise)
            if depth is not None:
                # The documents are sorted by id, so a stable sort breaks the ties.
                row[there[np.argsort(-row[there], kind="stable")[depth:]]] = np.nan
        kept = ~np.isnan(scores).all(axis=0)
        scores = scores[:, kept]
        if missing is not None:
            for row in scores:
                absent = np.isnan(row)
                row[absent] = row[~absent].min() if missing == "lowest" and not absent.all() else 0.0
        yield qid, Aligned(np.array(docids, dtype=object)[kept], scores)


def fused_scores(scores: np.ndarray, weights: Sequence[float] | np.ndarray) -> np.ndarray:
    """Weighted sum over the rows of `scores` (runs, n): (n,), the same in whatever order the rows come."""
    total: np.ndarray = np.sort(scores * np.array(weights)[:, None], axis=0).sum(axis=0)
    return total


def _by_rank(aligned: Aligned, constant: int) -> tuple[np.ndarray, np.ndarray]:
    shares = np.zeros_like(aligned.scores)
    for row, share in zip(aligned.scores, shares, strict=True):
        there = np.flatnonzero(~np.isnan(row))
        best_first = there[np.argsort(-row[there], kind="stable")]
        share[best_first] = 1.0 / (constant + np.arange(1, len(there) + 1))
    return aligned.docids, fused_scores(shares, np.ones(len(shares)))


def _best(docids: np.ndarray, scores: np.ndarray, hits: int) -> dict[str, float]:
    best = np.argsort(-scores, kind="stable")[:hits]
    return dict(zip(docids[best].tolist(), scores[best].tolist(), strict=True))
