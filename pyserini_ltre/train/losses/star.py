"""STAR's objective: each positive against the batch's other documents and its hard negatives."""

import torch
from torch.nn.functional import softplus


def star_loss(
    query_embeddings: torch.Tensor,
    positive_embeddings: torch.Tensor,
    negative_embeddings: torch.Tensor | None = None,
    in_batch_mask: torch.Tensor | None = None,
    negative_mask: torch.Tensor | None = None,
) -> torch.Tensor:
    """Pairwise logistic loss, one mean over all pairs of the batch that count.

    Parameters
    ----------
    query_embeddings : Tensor (B, d)
        The queries.
    positive_embeddings : Tensor (B, d)
        A relevant document for each query, in their order; the others are its in-batch (random) negatives.
    negative_embeddings : Tensor (B, h, d), optional
        Negatives drawn for each query; all of them are compared with every query of the batch.
    in_batch_mask : Tensor (B, B), optional
        1 where query i and positive j make a pair; by default one minus the identity.
    negative_mask : Tensor (B, B * h), optional
        1 where query i and negative j make a pair; by default all do.

    Returns
    -------
    Tensor ()
        The loss; 0 where no pair counts.

    Notes
    -----
    Zhan et al., "Optimizing Dense Retrieval Model Training with Hard Negatives", SIGIR 2021 (arXiv 2104.08051),
    section 5.1. Scores are inner products; scale the queries for encoders that normalise.

    Examples
    --------
    >>> star_loss(torch.eye(2), torch.eye(2))
    tensor(0.3133)
    """
    scores = query_embeddings @ positive_embeddings.T
    if in_batch_mask is None:
        in_batch_mask = 1 - torch.eye(len(scores), device=scores.device)
    others, mask = [scores], [in_batch_mask]
    if negative_embeddings is not None:
        others.append(query_embeddings @ negative_embeddings.flatten(0, 1).T)
        mask.append(torch.ones_like(others[-1]) if negative_mask is None else negative_mask)
    counted = torch.cat(mask, 1).to(scores.dtype)
    losses = softplus(torch.cat(others, 1) - scores.diagonal().unsqueeze(1))
    return (losses * counted).sum() / counted.sum().clamp(min=1.0)
