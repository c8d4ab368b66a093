"""What query-side training minimises: its options, and the loss of a batch of query embeddings."""

from argparse import SUPPRESS
from dataclasses import replace
from typing import Literal

import torch

from pyserini_ltre.errors import InputError
from pyserini_ltre.index import DenseIndex
from pyserini_ltre.options import Count, NotNegative, NotNegativeCount, Positive, option, option_group
from pyserini_ltre.train.losses.adore import adore_loss, rank_discounts
from pyserini_ltre.train.losses.candidates import Candidates, candidates
from pyserini_ltre.train.losses.ltre import ltre_loss
from pyserini_ltre.train.losses.softmax import softmax_loss

Method = Literal["adore", "ltre", "softmax"]
HITS = 200


@option_group
class Objective:
    """What query-side training minimises; a value of None becomes what suits encoder and index."""

    method: Method = option(SUPPRESS, default="adore")
    anchor: NotNegative | None = option(
        "weight of the squared distance to the frozen embeddings (None: 1; adapter: 2)", default=None
    )
    hits: Count | None = option(
        "documents retrieved a query and step (None: 200, or all if fewer)", default=None
    )
    metric_cut: Count | None = option("rank beyond which ADORE's discount is 0 (None: as hits)", default=None)
    gain: Literal["reciprocal-rank", "ndcg"] = option(
        "what ADORE's weights are made of", default="reciprocal-rank"
    )
    score_scale: Positive | None = option(
        "factor on inner products (None: 20 for normalised encoders, else 1)", default=None
    )
    max_appended_positives: NotNegativeCount = option(
        "relevant documents that retrieval missed, appended to a query at most", default=32
    )
    unjudged_weight: NotNegative = option(
        "weight of the loss of queries that nobody has judged, where there are any", default=1.0
    )
    ignore_above: float | None = option(
        "leave out unjudged documents whose inner product is above that of the best relevant one by more",
        default=None,
    )

    def resolve(self, index: DenseIndex, normalises: bool, anchor: float) -> "RetrievalLoss":
        """Fill in what was left open.

        Parameters
        ----------
        index : DenseIndex
            Will be searched.
        normalises : bool
            Whether the encoder's embeddings have length 1.
        anchor : float
            What suits the part that is trained.

        Raises
        ------
        InputError
            If more documents are wanted than the index has.
        """
        hits = min(HITS, len(index)) if self.hits is None else self.hits
        resolved = replace(
            self,
            hits=hits,
            metric_cut=hits if self.metric_cut is None else self.metric_cut,
            score_scale=usual_score_scale(normalises) if self.score_scale is None else self.score_scale,
            anchor=anchor if self.anchor is None else self.anchor,
        )
        for name in ("hits", "metric_cut"):
            if getattr(resolved, name) > len(index):
                raise InputError(
                    f"`{name}` {getattr(resolved, name)}: the index has {len(index)} documents; choose 1 to as many"
                )
        return RetrievalLoss(resolved, index)


def usual_score_scale(normalises: bool) -> float:
    """Factor on inner products that suits an encoder: of unit vectors they are between -1 and 1."""
    return 20.0 if normalises else 1.0


class RetrievalLoss:
    """The loss of a batch of query embeddings: full retrieval, candidates, objective, anchor.

    Parameters
    ----------
    objective : Objective
        Without open values.
    index : DenseIndex
        Searched in full at each step.
    """

    def __init__(self, objective: Objective, index: DenseIndex) -> None:
        self.objective = objective
        self.index = index
        # No value is open any more; the types cannot say it.
        self.hits: int = objective.hits  # type: ignore[assignment]
        self.metric_cut: int = objective.metric_cut  # type: ignore[assignment]
        self.score_scale: float = objective.score_scale  # type: ignore[assignment]
        self.anchor: float = objective.anchor  # type: ignore[assignment]

    def __call__(
        self,
        queries: torch.Tensor,
        frozen: torch.Tensor,
        positives: torch.Tensor,
        grades: torch.Tensor,
    ) -> torch.Tensor:
        """Loss of a batch.

        Parameters
        ----------
        queries : Tensor (B, d)
            Embeddings that carry gradients; the index is searched with those of this very step.
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
        options = self.objective
        _, retrieved = self.index.search(queries.detach(), self.hits)
        documents = candidates(retrieved, positives, grades, options.max_appended_positives)
        products = torch.einsum("bd,bmd->bm", queries, self.index.vectors(documents.rows))
        if options.ignore_above is not None:
            documents = _without_unjudged_tops(documents, products.detach(), options.ignore_above)
        loss = self._ranking_loss(products * self.score_scale, documents)
        return loss + self.anchor * (queries - frozen).square().sum(1).mean()

    def _ranking_loss(self, scores: torch.Tensor, documents: Candidates) -> torch.Tensor:
        options = self.objective
        if options.method == "ltre":
            return ltre_loss(scores, documents.grades, documents.valid)
        if options.method == "softmax":
            return softmax_loss(scores, documents.grades, documents.valid)
        loss = adore_loss(scores, documents.grades, documents.valid, self.metric_cut, options.gain)
        # Most of ADORE's weights are near 0, the more the deeper the retrieval. Scaled to an average of 1 over the
        # retrieved ranks, its loss is as large as RankNet's, and the anchor weighs the same whatever `hits` is.
        return loss / rank_discounts(self.hits, self.metric_cut, options.gain).mean()


def _without_unjudged_tops(documents: Candidates, products: torch.Tensor, margin: float) -> Candidates:
    """Leave out what scores above the best relevant document by a margin: mostly relevant, but not judged."""
    relevant = (documents.grades > 0) & documents.valid
    best = products.masked_fill(~relevant, float("-inf")).amax(1, keepdim=True)
    ignored = ~relevant & (products > best + margin)
    return documents._replace(valid=documents.valid & ~ignored)
