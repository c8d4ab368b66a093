"""Pairwise logistic loss over (relevant, not relevant) pairs of a ranking, for a whole batch at once."""

import torch
from torch.nn.functional import softplus


def pairwise_logistic(
    scores: torch.Tensor,
    relevant: torch.Tensor,
    valid: torch.Tensor,
    gains: torch.Tensor | None = None,
) -> torch.Tensor:
    """Mean over pairs of w_ij * log(1 + exp(s_j - s_i)), i relevant and j not; then mean over queries.

    Parameters
    ----------
    scores : Tensor (B, m)
        Scores of the documents of each query.
    relevant : BoolTensor (B, m)
        Which documents are judged relevant.
    valid : BoolTensor (B, m)
        False on padding.
    gains : Tensor (B, m), optional
        If given, w_ij = |gains_i - gains_j|; otherwise 1.

    Returns
    -------
    Tensor ()
        The loss; a query without any pair counts as 0.
    """
    relevant = relevant & valid
    others = valid & ~relevant
    # Relevant documents are few: pairs are formed as (B, most relevant of any query, m), not (B, m, m).
    most = int(relevant.sum(1).max())
    if most == 0:
        return scores.sum() * 0.0
    present, column = relevant.to(torch.uint8).topk(most, dim=1)
    pairs = (present.bool().unsqueeze(2) & others.unsqueeze(1)).to(scores.dtype)
    losses = softplus(scores.unsqueeze(1) - scores.gather(1, column).unsqueeze(2))
    count = pairs.sum((1, 2)).clamp(min=1.0)
    if gains is not None:
        pairs = pairs * (gains.gather(1, column).unsqueeze(2) - gains.unsqueeze(1)).abs()
    # Padded scores may be infinite, and infinity times a zero weight is not zero.
    losses = torch.where(pairs > 0, losses, 0.0)
    return ((losses * pairs).sum((1, 2)) / count).mean()
