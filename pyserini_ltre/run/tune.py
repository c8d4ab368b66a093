"""The weights of a combination, chosen on dev queries."""

from collections.abc import Iterable, Sequence
from itertools import combinations

import numpy as np

from pyserini_ltre.collection.records import Qrels, Run
from pyserini_ltre.errors import InputError
from pyserini_ltre.eval.measures import cutoff, evaluate
from pyserini_ltre.run.fuse import HITS, Aligned, Missing, align, fused_scores
from pyserini_ltre.run.normalise import Normalisation

Weights = tuple[float, ...]
# Number of runs -> steps in which weight is moved from one to another.
STEPS = {2: 20, 3: 10, 4: 10}


def tune_weights(
    runs: Sequence[Run],
    qrels: Qrels,
    candidates: Iterable[Weights],
    measure: str = "nDCG@10",
    normalise: Normalisation = "none",
    missing: Missing = "zero",
    depth: int | None = None,
) -> tuple[Weights, dict[Weights, float]]:
    """Choose the weights that `weighted_sum` does best with.

    Parameters
    ----------
    runs : sequence of dict of str to dict of str to float
        Query id -> document id -> score, of the dev queries.
    qrels : dict of str to dict of str to int
        Their judgements; queries without any are left out.
    candidates : iterable of tuple of float
        The weights to try, one for each run.
    measure : str
        The measure to judge by, in ir-measures' notation.
    normalise, missing, depth
        As for `weighted_sum`.

    Returns
    -------
    (tuple of float, dict of tuple of float to float)
        The best weights (the first of the equally good ones), and the value of each candidate.

    Raises
    ------
    InputError
        If the measure is unknown, or no query of the runs is judged.
    """
    judged = [{qid: hits for qid, hits in run.items() if qid in qrels} for run in runs]
    aligned = dict(align(judged, normalise, missing, depth))
    look_at = cutoff(measure) or HITS
    values: dict[Weights, float] = {}
    for weights in candidates:
        run = {
            qid: _top(query, fused_scores(query.scores, weights), look_at) for qid, query in aligned.items()
        }
        values[weights] = evaluate(run, qrels, (measure,))[measure]
    return max(values, key=values.__getitem__), values


def tune_alpha(
    dense_run: Run, sparse_run: Run, qrels: Qrels, alphas: Iterable[float], measure: str = "nDCG@10"
) -> tuple[float, dict[float, float]]:
    """Choose the weight of the sparse run that `interpolate` does best with.

    Parameters
    ----------
    dense_run, sparse_run : dict of str to dict of str to float
        Query id -> document id -> score, of the dev queries.
    qrels, measure
        As for `tune_weights`.
    alphas : iterable of float
        The weights to try.

    Returns
    -------
    (float, dict of float to float)
        The best weight (the first of the equally good ones), and the value of each.
    """
    pairs = [(1.0, alpha) for alpha in alphas]
    best, values = tune_weights([dense_run, sparse_run], qrels, pairs, measure, missing="lowest")
    return best[1], {weights[1]: value for weights, value in values.items()}


def candidate_weights(runs: Sequence[Run], normalise: Normalisation = "none") -> list[Weights]:
    """List weights to try: shares of 1 in even steps, the most even shares first.

    Parameters
    ----------
    runs : sequence of dict of str to dict of str to float
        2 to 4 runs of the dev queries.
    normalise : {"none", "min-max", "z-score"}
        How the scores are going to be normalised. Without normalisation, a run whose scores spread ten times as
        widely gets a tenth of the weight for the same share, so that the steps are even in what they do.

    Returns
    -------
    list of tuple of float
        Weights that add up to 1, rounded to 4 digits.

    Raises
    ------
    InputError
        If there are too few or too many runs.
    """
    if len(runs) not in STEPS:
        raise InputError(f"weights of {len(runs)} runs cannot be tuned; give 2 to {max(STEPS)}, or `weights`")
    spread = np.array([_spread(run) if normalise == "none" else 1.0 for run in runs])
    scaled = np.array(_shares(len(runs), STEPS[len(runs)])) / spread
    scaled /= scaled.sum(axis=1, keepdims=True)
    return [tuple(float(f"{weight:.4g}") for weight in row) for row in scaled]


def _shares(parts: int, steps: int) -> list[Weights]:
    """All ways to share `steps` steps among some parts, as fractions, the most even ones first."""
    found = []
    for bars in combinations(range(steps + parts - 1), parts - 1):
        edges = (-1, *bars, steps + parts - 1)
        found.append(tuple((edges[i + 1] - edges[i] - 1) / steps for i in range(parts)))
    return sorted(found, key=lambda shares: (round(sum(share**2 for share in shares), 9), shares))


def _spread(run: Run) -> float:
    """Mean over the queries of the distance between the highest and the lowest score; 1 if there is none."""
    ranges = [max(hits.values()) - min(hits.values()) for _, hits in sorted(run.items()) if hits]
    return float(np.mean(ranges)) or 1.0 if ranges else 1.0


def _top(query: Aligned, scores: np.ndarray, depth: int) -> dict[str, float]:
    """Keep the best `depth` documents, all that the measure looks at, and those that tie with the last."""
    kept = np.arange(len(scores))
    if depth < len(scores):
        # Evaluation compares single-precision scores.
        singles = scores.astype(np.float32)
        kept = np.flatnonzero(singles >= np.partition(singles, -depth)[-depth])
    return dict(zip(query.docids[kept].tolist(), scores[kept].tolist(), strict=True))
