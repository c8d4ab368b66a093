"""Whether an encoder still finds the documents that queries were made from: what no judge needs to say."""

import torch

from pyserini_ltre.eval import paired_t_test
from pyserini_ltre.train.development.dev_queries import MEASURE, DevQueries, means

TOLERANCE = 0.01
SIGNIFICANT = 0.05


class KnownSources:
    """Doubts a training after which made queries find their sources worse than before.

    Parameters
    ----------
    made : DevQueries
        Made queries, with their sources as what is relevant.
    frozen : Tensor (N, d)
        Their embeddings before training.
    """

    def __init__(self, made: DevQueries, frozen: torch.Tensor) -> None:
        self.made = made
        self.before = made.measure(frozen)

    def __call__(self) -> str | None:
        """Measure with the weights as they are now: a line if they are not to be trusted, otherwise None."""
        after = self.made.measure()
        compared = paired_t_test(self.before[MEASURE], after[MEASURE])
        if compared.mean_difference > -TOLERANCE or compared.p_value > SIGNIFICANT:
            return None
        return (
            f"the teacher is not to be trusted: {len(self.made)} queries find the documents that they were made from "
            f"at {MEASURE} {means(after)[MEASURE]:.4f}, before training {means(self.before)[MEASURE]:.4f}"
        )
