"""LTRe's objective: RankNet over what a full retrieval returned."""

import torch

from pyserini_ltre.train.losses.pairwise import pairwise_logistic


def ltre_loss(scores: torch.Tensor, relevant: torch.Tensor, valid: torch.Tensor) -> torch.Tensor:
    """Pairwise logistic loss in which every (relevant, not relevant) pair counts the same.

    Parameters
    ----------
    scores : Tensor (B, m)
        Scores of the documents of each query.
    relevant : BoolTensor (B, m)
        Which documents are judged relevant.
    valid : BoolTensor (B, m)
        False on padding.

    Returns
    -------
    Tensor ()
        Mean over the pairs of a query, then over the queries.

    Notes
    -----
    Zhan et al., "Learning To Retrieve: How to Train a Dense Retrieval Model Effectively and Efficiently"
    (arXiv 2010.10469), section 3.3.

    Examples
    --------
    >>> scores = torch.tensor([[2.0, 1.0, 0.0]])
    >>> ltre_loss(scores, torch.tensor([[False, True, False]]), torch.ones(1, 3, dtype=torch.bool))
    tensor(0.8133)
    """
    return pairwise_logistic(scores, relevant, valid)
