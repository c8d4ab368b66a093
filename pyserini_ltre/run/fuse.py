"""Two runs combined as Pyserini's hybrid search does it, and the weight chosen on dev queries."""

from collections.abc import Iterable
from typing import NamedTuple

import numpy as np

from pyserini_ltre.collection.records import Qrels, Run
from pyserini_ltre.eval.measures import cutoff, evaluate

HITS = 1000
"""How many documents a combined run keeps for a query, unless told otherwise."""


class _Aligned(NamedTuple):
    """The hits of one query in both runs: `docids` sorted, and the scores (n,) of each run beside them."""

    docids: np.ndarray
    first: np.ndarray
    second: np.ndarray

    def fused(self, alpha: float) -> np.ndarray:
        return self.first + alpha * self.second


def interpolate(first: Run, second: Run, alpha: float, normalise: bool = False, hits: int = HITS) -> Run:
    """Combine two runs: score = first + alpha * second.

    The same as ``pyserini.search.hybrid`` with `first` dense and `second` sparse, except that ties are broken
    by document id, so that the result depends on nothing but the runs. A document that one run lacks gets the
    lowest score that the query's hits have there, or 0 if there are none.

    Parameters
    ----------
    first, second : dict of str to dict of str to float
        Query id -> document id -> score.
    alpha : float
        Weight of the second run.
    normalise : bool
        Whether to bring each run's scores for a query to -0.5 .. 0.5 first (Pyserini's ``--normalization``).
    hits : int
        How many documents to keep for a query.

    Returns
    -------
    dict of str to dict of str to float
        The combined run, best document first; it has every query that either run has.
    """
    fused: Run = {}
    for qid in first | second:
        both = _align(first.get(qid, {}), second.get(qid, {}), normalise)
        scores = both.fused(alpha)
        # The documents are sorted by id, so a stable sort breaks the ties.
        best = np.argsort(-scores, kind="stable")[:hits]
        fused[qid] = dict(zip(both.docids[best].tolist(), scores[best].tolist(), strict=True))
    return fused


def tune_alpha(
    dense_run: Run, sparse_run: Run, qrels: Qrels, alphas: Iterable[float], measure: str = "nDCG@10"
) -> tuple[float, dict[float, float]]:
    """Choose the weight of the sparse run that `interpolate` does best with.

    Parameters
    ----------
    dense_run, sparse_run : dict of str to dict of str to float
        Query id -> document id -> score, of the dev queries.
    qrels : dict of str to dict of str to int
        Their judgements; queries without any are left out.
    alphas : iterable of float
        The weights to try.
    measure : str
        The measure to judge by, in ir-measures' notation.

    Returns
    -------
    (float, dict of float to float)
        The best weight (the first of the equally good ones), and the value of each.

    Raises
    ------
    InputError
        If the measure is unknown, or no query of the runs is judged.
    """
    aligned = {
        qid: _align(dense_run.get(qid, {}), sparse_run.get(qid, {}), normalise=False)
        for qid in qrels
        if qid in dense_run or qid in sparse_run
    }
    depth = cutoff(measure) or HITS
    values: dict[float, float] = {}
    for alpha in alphas:
        run = {qid: _top(both, both.fused(alpha), depth) for qid, both in aligned.items()}
        values[alpha] = evaluate(run, qrels, (measure,))[measure]
    return max(values, key=values.__getitem__), values


def _align(first: dict[str, float], second: dict[str, float], normalise: bool) -> _Aligned:
    docids = sorted(first.keys() | second.keys())
    sides = []
    for side in (first, second):
        lowest = min(side.values(), default=0.0)
        scores = np.array([side.get(docid, lowest) for docid in docids], dtype=np.float64)
        if normalise:
            highest = max(side.values(), default=1.0)
            scores -= (lowest + highest) / 2
            scores /= (highest - lowest) or 1.0
        sides.append(scores)
    return _Aligned(np.array(docids, dtype=object), *sides)


def _top(both: _Aligned, scores: np.ndarray, depth: int) -> dict[str, float]:
    """Keep the best `depth` documents, all that the measure looks at, and those that tie with the last."""
    kept = np.arange(len(scores))
    if depth < len(scores):
        # Evaluation compares single-precision scores.
        singles = scores.astype(np.float32)
        kept = np.flatnonzero(singles >= np.partition(singles, -depth)[-depth])
    return dict(zip(both.docids[kept].tolist(), scores[kept].tolist(), strict=True))
