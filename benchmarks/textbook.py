"""The textbook loop: what one writes from the papers' formula, a query at a time; the alternative to beat."""

import faiss
import numpy as np
import torch
from torch.nn.functional import softplus


def textbook_loss(scores: torch.Tensor, relevant: torch.Tensor) -> torch.Tensor:
    """ADORE's loss of a batch: for each query all pairs of its documents, most of which weigh nothing.

    Parameters
    ----------
    scores : Tensor (B, m)
        In retrieved order; a relevant document that was missed comes last.
    relevant : BoolTensor (B, m)
        Which documents are relevant.

    Returns
    -------
    Tensor ()
        Mean over the queries.
    """
    losses = []
    discounts = 1.0 / torch.arange(1, scores.shape[1] + 1, dtype=torch.float32, device=scores.device)
    for of_query, judged in zip(scores, relevant, strict=True):
        pairs = judged.unsqueeze(1) & ~judged.unsqueeze(0)
        weights = (discounts.unsqueeze(1) - discounts.unsqueeze(0)).abs()
        differences = of_query.unsqueeze(0) - of_query.unsqueeze(1)
        losses.append((weights * softplus(differences) * pairs).sum() / pairs.sum().clamp(min=1))
    return torch.stack(losses).mean()


def textbook_step_loss(
    index: "faiss.Index",
    queries: torch.Tensor,
    positives: torch.Tensor,
    hits: int,
    score_scale: float,
) -> torch.Tensor:
    """Search a FAISS index, read the vectors of what was found, and compare; a query at a time.

    Parameters
    ----------
    index : faiss.Index
        Flat.
    queries : Tensor (B, d)
        Embeddings that carry gradients.
    positives : LongTensor (B, p)
        Relevant rows; -1 on padding.
    hits : int
        Documents retrieved a query.
    score_scale : float
        Factor on the inner products.

    Returns
    -------
    Tensor ()
        Mean over the queries.
    """
    _, found = index.search(np.ascontiguousarray(queries.detach().cpu().numpy()), hits)
    losses = []
    for query, rows, wanted in zip(queries, found, positives.cpu().numpy(), strict=True):
        wanted = wanted[wanted >= 0]
        relevant = np.isin(rows, wanted)
        if not relevant.any():
            rows = np.concatenate([rows, wanted])
            relevant = np.isin(rows, wanted)
        vectors = torch.from_numpy(np.stack([index.reconstruct(int(row)) for row in rows])).to(query.device)
        scores = (vectors @ query * score_scale).unsqueeze(0)
        losses.append(textbook_loss(scores, torch.from_numpy(relevant).unsqueeze(0).to(query.device)))
    return torch.stack(losses).mean()
