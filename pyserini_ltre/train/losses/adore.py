"""ADORE's objective: LambdaLoss over what a full retrieval returned."""

import torch

from pyserini_ltre.train.losses.pairwise import pairwise_logistic

GAINS = ("reciprocal-rank", "ndcg")


def adore_loss(
    scores: torch.Tensor,
    relevant: torch.Tensor,
    valid: torch.Tensor,
    metric_cut: int = 200,
    gain: str = "reciprocal-rank",
) -> torch.Tensor:
    """Pairwise logistic loss weighted by what swapping two documents changes in a measure.

    Parameters
    ----------
    scores : Tensor (B, m)
        Columns in retrieved order, best first (column c has rank c + 1); relevant documents that were appended
        come after them.
    relevant : Tensor (B, m)
        Bools, or grades above 0.
    valid : BoolTensor (B, m)
        False on padding.
    metric_cut : int
        Documents beyond this rank have a discount of 0.
    gain : {"reciprocal-rank", "ndcg"}
        Discount of a rank: 1 / rank as in the paper, or 1 / log2(1 + rank) times the difference of the grades.

    Returns
    -------
    Tensor ()
        Mean over the pairs of a query, then over the queries.

    Notes
    -----
    Zhan et al., "Optimizing Dense Retrieval Model Training with Hard Negatives", SIGIR 2021 (arXiv 2104.08051),
    section 5.2: weight abs(1 / rank_i - 1 / rank_j), loss log(1 + exp(s_j - s_i)).

    Examples
    --------
    >>> scores = torch.tensor([[2.0, 1.0, 0.0]])
    >>> adore_loss(scores, torch.tensor([[False, True, False]]), torch.ones(1, 3, dtype=torch.bool))
    tensor(0.3544)
    """
    discounts = rank_discounts(scores.shape[1], metric_cut, gain).to(scores.device).expand_as(scores)
    return pairwise_logistic(scores, relevant, valid, discounts, by_grade=gain == "ndcg")


def rank_discounts(depth: int, metric_cut: int, gain: str) -> torch.Tensor:
    """Discounts (depth,) of the ranks 1 to `depth`; see `adore_loss`."""
    ranks = torch.arange(1, depth + 1, dtype=torch.float32)
    discounts = 1.0 / torch.log2(1.0 + ranks) if gain == "ndcg" else 1.0 / ranks
    return torch.where(ranks <= metric_cut, discounts, 0.0)
