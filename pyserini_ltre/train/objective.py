"""The loss of a batch of query embeddings: full retrieval, candidates, published objective, anchor."""

from dataclasses import dataclass

import torch

from pyserini_ltre.errors import InputError
from pyserini_ltre.index import DenseIndex
from pyserini_ltre.train.candidates import candidates
from pyserini_ltre.train.losses import adore_loss, ltre_loss

METHODS = ("ltre", "adore")
HITS = 200


@dataclass(frozen=True)
class QuerySideObjective:
    """What query-side training minimises.

    Attributes
    ----------
    method : {"ltre", "adore"}
        RankNet, or weights from the reciprocal rank.
    hits : int
        Documents retrieved for each query at each step.
    metric_cut : int
        Rank beyond which ADORE's gain is 0.
    score_scale : float
        Factor on inner products: 1 for dot-product encoders, 20 for normalised ones.
    anchor : float
        Weight of the squared distance between a query's embedding and that of the frozen encoder.
    most_appended : int
        Relevant documents that retrieval missed, appended to a query at most.
    """

    method: str
    hits: int
    metric_cut: int
    score_scale: float
    anchor: float
    most_appended: int = 32

    def check(self, index: DenseIndex) -> None:
        """Refuse settings that do not fit the index."""
        for name, value in (("--hits", self.hits), ("--metric-cut", self.metric_cut)):
            if not 1 <= value <= len(index):
                raise InputError(
                    f"{name} {value}: choose between 1 and {len(index)}, the documents in the index"
                )

    def __call__(
        self, index: DenseIndex, queries: torch.Tensor, frozen: torch.Tensor, positives: torch.Tensor
    ) -> torch.Tensor:
        """Loss of a batch.

        Parameters
        ----------
        index : DenseIndex
            Searched in full with the embeddings of this very step.
        queries : Tensor (B, d)
            Embeddings that carry gradients.
        frozen : Tensor (B, d)
            The frozen encoder's embeddings of the same queries.
        positives : LongTensor (B, p)
            All rows judged relevant, the most relevant first; -1 on padding.

        Returns
        -------
        Tensor ()
            Mean over the batch.
        """
        _, retrieved = index.search(queries.detach(), self.hits)
        rows, relevant, valid = candidates(retrieved, positives, self.most_appended)
        scores = self.score_scale * torch.einsum("bd,bmd->bm", queries, index.vectors(rows))
        if self.method == "ltre":
            loss = ltre_loss(scores, relevant, valid)
        else:
            # Most of ADORE's weights are near 1 / rank, so its mean falls as 1 / hits. The factor makes it as large as
            # RankNet's: Adam does not see it, but the balance with the anchor would change with --hits without it.
            loss = adore_loss(scores, relevant, valid, self.metric_cut) * (self.hits / 8)
        return loss + self.anchor * (queries - frozen).square().sum(1).mean()
