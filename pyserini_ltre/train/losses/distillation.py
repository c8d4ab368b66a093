"""What training without judgements minimises: how far the encoder's scores are from those of a teacher."""

from dataclasses import replace

import torch
from torch.nn.functional import log_softmax

from pyserini_ltre.index import DenseIndex
from pyserini_ltre.options import Count, NotNegative, Positive, option, option_group
from pyserini_ltre.train.losses.objective import usual_score_scale


@option_group
class DistilObjective:
    """What is minimised where a teacher stands in for judgements; None becomes what suits the encoder."""

    anchor: NotNegative | None = option(
        "weight of the squared distance to the frozen embeddings (None: 0.3 encoder, else 1)", default=None
    )
    depth: Count = option("best documents of the teacher's list that count", default=200)
    sharpness: Positive = option(
        "factor on the teacher's scores, which lie between 0 and 1, before their softmax", default=10.0
    )
    score_scale: Positive | None = option(
        "factor on inner products (None: 20 for normalised encoders, else 1)", default=None
    )

    def resolve(self, normalises: bool, anchor: float) -> "DistilObjective":
        """Fill in what was left open, for an encoder whose embeddings have length 1 or not, and a usual anchor."""
        scale = usual_score_scale(normalises) if self.score_scale is None else self.score_scale
        return replace(self, score_scale=scale, anchor=anchor if self.anchor is None else self.anchor)


def distillation_loss(scores: torch.Tensor, targets: torch.Tensor, valid: torch.Tensor) -> torch.Tensor:
    """Kullback-Leibler divergence of the encoder's distribution over documents from the teacher's.

    Parameters
    ----------
    scores : Tensor (B, m)
        The encoder's scores of the documents of each query.
    targets : Tensor (B, m)
        The teacher's scores of the same documents.
    valid : BoolTensor (B, m)
        False on padding; each query has a document.

    Returns
    -------
    Tensor ()
        Mean over the queries; 0 where the two softmaxes are the same.

    Notes
    -----
    Hinton et al., "Distilling the Knowledge in a Neural Network" (arXiv 1503.02531), over retrieved documents as in
    Lin et al., "In-Batch Negatives for Knowledge Distillation" (RepL4NLP 2021).

    Examples
    --------
    >>> scores = torch.tensor([[2.0, 1.0, 0.0]])
    >>> distillation_loss(scores, torch.tensor([[0.0, 1.0, 2.0]]), torch.ones(1, 3, dtype=torch.bool))
    tensor(1.1504)
    """
    student = log_softmax(scores.masked_fill(~valid, float("-inf")), dim=1)
    teacher = log_softmax(targets.masked_fill(~valid, float("-inf")), dim=1)
    # On padding both are minus infinity, and their difference is not a number.
    return (teacher.exp() * (teacher - student).masked_fill(~valid, 0.0)).sum(1).mean()


class DistilLoss:
    """The loss of a batch of query embeddings on the documents of a teacher, and the anchor.

    Parameters
    ----------
    objective : DistilObjective
        Without open values.
    index : DenseIndex
        Gives the vectors of the documents.
    """

    def __init__(self, objective: DistilObjective, index: DenseIndex) -> None:
        self.objective = objective
        self.index = index
        self.score_scale: float = objective.score_scale  # type: ignore[assignment]
        self.anchor: float = objective.anchor  # type: ignore[assignment]

    def __call__(
        self, queries: torch.Tensor, frozen: torch.Tensor, rows: torch.Tensor, targets: torch.Tensor
    ) -> torch.Tensor:
        """Loss of a batch.

        Parameters
        ----------
        queries, frozen : Tensor (B, d)
            Embeddings that carry gradients, and the frozen encoder's.
        rows : LongTensor (B, m)
            Documents of the teacher; -1 on padding.
        targets : Tensor (B, m)
            Their scores, between 0 and 1.

        Returns
        -------
        Tensor ()
            Mean over the batch.
        """
        valid = rows >= 0
        documents = self.index.vectors(rows.clamp(min=0))
        scores = torch.einsum("bd,bmd->bm", queries, documents) * self.score_scale
        loss = distillation_loss(scores, targets * self.objective.sharpness, valid)
        return loss + self.anchor * (queries - frozen).square().sum(1).mean()
