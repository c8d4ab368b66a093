"""Softmax objective: each relevant document against all retrieved ones that are not."""

import torch
from torch.nn.functional import softplus


def softmax_loss(scores: torch.Tensor, relevant: torch.Tensor, valid: torch.Tensor) -> torch.Tensor:
    """Mean over relevant documents i of -log(exp(s_i) / (exp(s_i) + sum over others of exp(s_j))); then over queries.

    Parameters
    ----------
    scores : Tensor (B, m)
        Scores of the documents of each query.
    relevant : Tensor (B, m)
        Bools, or grades: each relevant document counts by its grade.
    valid : BoolTensor (B, m)
        False on padding.

    Returns
    -------
    Tensor ()
        The loss; a query without a relevant or without another document counts as 0.

    Notes
    -----
    The objective of DPR (Karpukhin et al., EMNLP 2020, equation 2) with retrieved negatives; other relevant
    documents are left out of the sum.

    Examples
    --------
    >>> scores = torch.tensor([[2.0, 1.0, 0.0]])
    >>> softmax_loss(scores, torch.tensor([[False, True, False]]), torch.ones(1, 3, dtype=torch.bool))
    tensor(1.4076)
    """
    grades = relevant.to(scores.dtype).masked_fill(~valid, 0.0)
    others = valid & (grades == 0)
    against = scores.masked_fill(~others, float("-inf")).logsumexp(1, keepdim=True)
    counted = (grades > 0) & others.any(1, keepdim=True)
    losses = softplus(torch.where(counted, against - scores, 0.0))
    weights = grades * counted
    return ((losses * weights).sum(1) / weights.sum(1).clamp(min=1e-9)).mean()
