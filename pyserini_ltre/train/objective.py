"""The loss of a batch of query embeddings: full retrieval, candidates, objective, anchor."""

from dataclasses import dataclass

import torch

from pyserini_ltre.errors import InputError
from pyserini_ltre.index import DenseIndex
from pyserini_ltre.train.candidates import Candidates, candidates
from pyserini_ltre.train.losses import adore_loss, ltre_loss, softmax_loss
from pyserini_ltre.train.losses.adore import rank_discounts

OBJECTIVES = ("adore", "ltre", "softmax")
HITS = 200


@dataclass(frozen=True)
class QuerySideObjective:
    """What query-side training minimises.

    Attributes
    ----------
    name : {"adore", "ltre", "softmax"}
        Pairs weighted by rank, RankNet, or softmax.
    hits : int
        Documents retrieved for each query at each step.
    metric_cut : int
        Rank beyond which ADORE's discount is 0.
    gain : {"reciprocal-rank", "ndcg"}
        ADORE's weights.
    score_scale : float
        Factor on inner products: 1 for dot-product encoders, 20 for normalised ones.
    anchor : float
        Weight of the squared distance between a query's embedding and that of the frozen encoder.
    most_appended : int
        Relevant documents that retrieval missed, appended to a query at most.
    ignore_above : float, optional
        Leave out documents that are not judged relevant and whose inner product is above that of the best relevant
        one by more than this.
    """

    name: str
    hits: int
    metric_cut: int
    gain: str
    score_scale: float
    anchor: float
    most_appended: int
    ignore_above: float | None

    def check(self, index: DenseIndex) -> None:
        """Refuse settings that no training can have, or that do not fit the index."""
        if self.name not in OBJECTIVES:
            raise InputError(f"objective {self.name}: use one of {', '.join(OBJECTIVES)}")
        for option, value in (("--hits", self.hits), ("--metric-cut", self.metric_cut)):
            if not 1 <= value <= len(index):
                raise InputError(
                    f"{option} {value}: choose between 1 and {len(index)}, the documents in the index"
                )
        if self.anchor < 0 or self.score_scale <= 0:
            raise InputError("--anchor must not be negative, and --score-scale must be above 0")

    def __call__(
        self,
        index: DenseIndex,
        queries: torch.Tensor,
        frozen: torch.Tensor,
        positives: torch.Tensor,
        grades: torch.Tensor,
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
        grades : Tensor (B, p)
            Their grades.

        Returns
        -------
        Tensor ()
            Mean over the batch.
        """
        _, retrieved = index.search(queries.detach(), self.hits)
        documents = candidates(retrieved, positives, grades, self.most_appended)
        products = torch.einsum("bd,bmd->bm", queries, index.vectors(documents.rows))
        if self.ignore_above is not None:
            documents = _without_unjudged_tops(documents, products.detach(), self.ignore_above)
        loss = self._retrieval_loss(products * self.score_scale, documents)
        return loss + self.anchor * (queries - frozen).square().sum(1).mean()

    def _retrieval_loss(self, scores: torch.Tensor, documents: Candidates) -> torch.Tensor:
        if self.name == "ltre":
            return ltre_loss(scores, documents.grades, documents.valid)
        if self.name == "softmax":
            return softmax_loss(scores, documents.grades, documents.valid)
        loss = adore_loss(scores, documents.grades, documents.valid, self.metric_cut, self.gain)
        # Most of ADORE's weights are near 0, the more the deeper the retrieval. Scaled to an average of 1 over the
        # retrieved ranks, its loss is as large as RankNet's, and the anchor weighs the same whatever --hits is.
        return loss / rank_discounts(self.hits, self.metric_cut, self.gain).mean()


def _without_unjudged_tops(documents: Candidates, products: torch.Tensor, margin: float) -> Candidates:
    """Leave out what scores above the best relevant document by a margin: mostly relevant, but not judged."""
    relevant = (documents.grades > 0) & documents.valid
    best = products.masked_fill(~relevant, float("-inf")).amax(1, keepdim=True)
    ignored = ~relevant & (products > best + margin)
    return documents._replace(valid=documents.valid & ~ignored)
