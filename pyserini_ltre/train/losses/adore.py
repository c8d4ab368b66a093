"""ADORE's objective: LambdaLoss over what a full retrieval returned."""

import torch

from pyserini_ltre.train.losses.pairwise import pairwise_logistic


def adore_loss(
    scores: torch.Tensor, relevant: torch.Tensor, valid: torch.Tensor, metric_cut: int = 200
) -> torch.Tensor:
    """Pairwise logistic loss weighted by what swapping two documents changes in reciprocal rank.

    Parameters
    ----------
    scores : Tensor (B, m)
        Columns in retrieved order, best first (column c has rank c + 1); relevant documents that were appended come
        after them.
    relevant : BoolTensor (B, m)
        Which documents are judged relevant.
    valid : BoolTensor (B, m)
        False on padding.
    metric_cut : int
        The gain is 1 / rank down to this rank and 0 beyond it.

    Returns
    -------
    Tensor ()
        Mean over the pairs of a query, then over the queries.

    Notes
    -----
    Zhan et al., "Optimizing Dense Retrieval Model Training with Hard Negatives", SIGIR 2021 (arXiv 2104.08051),
    section 5.2: w_ij = |g_i - g_j|, loss w_ij * log(1 + exp(s_j - s_i)).

    Examples
    --------
    >>> scores = torch.tensor([[2.0, 1.0, 0.0]])
    >>> adore_loss(scores, torch.tensor([[False, True, False]]), torch.ones(1, 3, dtype=torch.bool))
    tensor(0.3544)
    """
    ranks = torch.arange(1, scores.shape[1] + 1, device=scores.device)
    gains = torch.where(ranks <= metric_cut, 1.0 / ranks, 0.0).expand_as(scores)
    return pairwise_logistic(scores, relevant, valid, gains)
