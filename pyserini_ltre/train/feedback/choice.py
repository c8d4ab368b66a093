"""Which setting is chosen on training queries, and how well choosing so does on queries that it has not seen."""

import hashlib
from collections.abc import Sequence
from typing import NamedTuple

import numpy as np

from pyserini_ltre.train.development import MEASURE, Measures

# The measure of the top, which must not fall, and one of what a second search is there to find.
CHOSEN_BY = (MEASURE, "R@100")
# Training queries are divided into so many parts, each of which sees what the others choose.
FOLDS = 5


def summed(measures: Measures) -> dict[str, float]:
    """Sum of the measures that decide, by query."""
    return {qid: sum(measures[name][qid] for name in CHOSEN_BY) for qid in measures[MEASURE]}


class Chosen(NamedTuple):
    """A setting that was chosen.

    Attributes
    ----------
    number : int
        Its place among those that were tried.
    safe : bool
        Whether it does not lower the measure of the top; if not, none does.
    """

    number: int
    safe: bool


class Choice:
    """The training queries without feedback, and with every setting.

    Parameters
    ----------
    without : Measures
        Their measures without.
    tried : sequence of Measures
        With each setting.
    """

    def __init__(self, without: Measures, tried: Sequence[Measures]) -> None:
        self.qids = list(without[MEASURE])
        self._before, *after = (
            np.array([[measures[name][qid] for qid in self.qids] for name in CHOSEN_BY])
            for measures in (without, *tried)
        )
        self._gains = np.stack(after) - self._before  # (settings, measures, queries)

    def best(self, queries: np.ndarray | None = None) -> Chosen:
        """The setting with the largest sum of the measures, among those that do not lower the first.

        Parameters
        ----------
        queries : ndarray of bool, optional
            Which of the queries count; by default all.
        """
        gains = (self._gains if queries is None else self._gains[:, :, queries]).mean(2)
        safe = gains[:, 0] >= 0
        sums = np.where(safe | ~safe.any(), gains.sum(1), -np.inf)
        return Chosen(int(np.argmax(sums)), bool(safe.any()))

    def crossed(self) -> tuple[dict[str, float], dict[str, float]]:
        """Sums of the measures without feedback, and with the setting that the other parts of the queries choose."""
        by_hash = np.argsort([hashlib.sha256(qid.encode()).hexdigest() for qid in self.qids])
        before = self._before.sum(0)
        after = before.copy()
        for fold in range(FOLDS):
            part = by_hash[fold::FOLDS]
            others = np.ones(len(self.qids), bool)
            others[part] = False
            if len(part) and others.any():
                after[part] += self._gains[self.best(others).number].sum(0)[part]
        return self._by_query(before), self._by_query(after)

    def _by_query(self, sums: np.ndarray) -> dict[str, float]:
        return dict(zip(self.qids, sums.tolist(), strict=True))
