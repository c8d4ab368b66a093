"""Pairwise logistic loss over the ordered pairs of a ranking, for a whole batch at once."""

import torch
from torch.nn.functional import softplus


def pairwise_logistic(
    scores: torch.Tensor,
    relevant: torch.Tensor,
    valid: torch.Tensor,
    discounts: torch.Tensor | None = None,
    by_grade: bool = False,
) -> torch.Tensor:
    """Mean over pairs of w_ij * log(1 + exp(s_j - s_i)), i judged above j; then mean over queries.

    Parameters
    ----------
    scores : Tensor (B, m)
        Scores of the documents of each query.
    relevant : Tensor (B, m)
        Bools, or grades: a pair is a document with a grade above 0 and any with a lower one.
    valid : BoolTensor (B, m)
        False on padding.
    discounts : Tensor (B, m), optional
        If given, w_ij = abs(discounts_i - discounts_j); otherwise 1.
    by_grade : bool
        Whether w_ij is multiplied by the difference of the grades.

    Returns
    -------
    Tensor ()
        The loss; a query without any pair counts as 0.
    """
    # The score of padding may be infinite; infinity times a weight of zero, and its gradient, are not zero.
    scores = scores.masked_fill(~valid, 0.0)
    grades = relevant.to(scores.dtype).masked_fill(~valid, 0.0)
    # Relevant documents are few: pairs are formed as (B, most relevant of any query, m), not (B, m, m).
    most = int((grades > 0).sum(1).max())
    if most == 0:
        return scores.sum() * 0.0
    upper, column = grades.topk(most, dim=1)
    above = upper.unsqueeze(2) - grades.unsqueeze(1)
    pairs = ((above > 0) & valid.unsqueeze(1)).to(scores.dtype)
    losses = softplus(scores.unsqueeze(1) - scores.gather(1, column).unsqueeze(2))
    count = pairs.sum((1, 2)).clamp(min=1.0)
    if discounts is not None:
        pairs = pairs * (discounts.gather(1, column).unsqueeze(2) - discounts.unsqueeze(1)).abs()
    if by_grade:
        pairs = pairs * above
    return ((losses * pairs).sum((1, 2)) / count).mean()
