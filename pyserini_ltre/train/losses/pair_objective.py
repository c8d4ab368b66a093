"""What two-sided training minimises: where negatives come from, and STAR's loss of a batch of pairs."""

from dataclasses import replace

import torch

from pyserini_ltre.errors import InputError
from pyserini_ltre.mine.mining import DEPTH
from pyserini_ltre.options import Count, Positive, option, option_group
from pyserini_ltre.train.losses.objective import usual_score_scale
from pyserini_ltre.train.losses.star import star_loss

IN_BATCH, RANDOM = "in-batch", "random"


@option_group
class PairObjective:
    """What two-sided training minimises."""

    negatives: list[str] = option(
        f"{IN_BATCH} (the batch's other relevant documents), {RANDOM} (any document), a TREC run file of the "
        f"training queries, or several of these; star: the run file, {IN_BATCH} is added",
        default=[IN_BATCH],
    )
    depth: Count = option("best documents of the run file used for a query", default=DEPTH)
    score_scale: Positive | None = option(
        "factor on inner products (None: 20 for normalised encoders, else 1)", default=None
    )

    @property
    def run(self) -> str | None:
        """The run file among the negatives."""
        return next((name for name in self.negatives if name not in (IN_BATCH, RANDOM)), None)

    @property
    def method(self) -> str:
        """``star`` if mined negatives stand beside the batch's own, otherwise ``warmup``."""
        return "star" if self.run and IN_BATCH in self.negatives else "warmup"

    def resolve(self, normalises: bool) -> "PairObjective":
        """Fill in what was left open, for an encoder whose embeddings have length 1 or not.

        Raises
        ------
        InputError
            If no negatives are named, or more than one run file.
        """
        if not self.negatives or len(set(self.negatives) - {IN_BATCH, RANDOM}) > 1:
            raise InputError(f"`negatives`: name {IN_BATCH}, {RANDOM}, one run file, or several of these")
        return replace(self, score_scale=self.score_scale or usual_score_scale(normalises))


def pair_loss(embeddings: torch.Tensor, batch: dict[str, torch.Tensor], score_scale: float) -> torch.Tensor:
    """STAR's loss of a batch as `TrainingPairs` makes it, inner products times `score_scale`."""
    size = len(batch["in_batch_mask"])
    queries, positives, negatives = embeddings.split([size, size, len(embeddings) - 2 * size])
    negatives = negatives.view(size, -1, embeddings.shape[1])
    return star_loss(
        queries * score_scale, positives, negatives, batch["in_batch_mask"], batch["negative_mask"]
    )
