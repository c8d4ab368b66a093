"""How far a query is moved, and toward what."""

from dataclasses import dataclass

import torch

# Lengths are divided by; a vector of zeros has none.
SHORTEST = 1e-9


@dataclass(frozen=True)
class FeedbackWeights:
    """How far a query is moved, and toward which of the documents that it finds.

    Attributes
    ----------
    depth : int
        Best documents of the first search whose vectors count; 0: none.
    share : float
        Of these vectors in the second embedding, between 0 and 1.
    sharpness : float
        Factor on the cosines of query and documents, before the softmax that divides the share among them: 0 weighs
        all alike, as Rocchio's method does.
    read : int
        Best documents whose texts are read together with the query; 0: none.
    reading_share : float
        Of the reading in the second embedding. The first embedding has what both shares leave.
    """

    depth: int
    share: float
    sharpness: float
    read: int = 0
    reading_share: float = 0.0

    def __str__(self) -> str:
        vectors = f"{self.depth} documents, a share of {self.share:g}, sharpness {self.sharpness:g}"
        read = f"{self.read} documents read, a share of {self.reading_share:g}"
        said = [*([vectors] if self.depth or not self.read else []), *([read] if self.read else [])]
        return "; ".join(said)

    @property
    def deepest(self) -> int:
        """Documents that the first search has to find."""
        return max(self.depth, self.read)

    @property
    def possible(self) -> bool:
        """Whether numbers are what they can be."""
        shares = self.share, self.reading_share
        return min(self.depth, self.read, *shares) >= 0 and sum(shares) <= 1


def fed_back(
    queries: torch.Tensor,
    scores: torch.Tensor,
    documents: torch.Tensor,
    weights: FeedbackWeights,
    readings: torch.Tensor | None = None,
) -> torch.Tensor:
    """Move queries toward documents, and toward how they read together with documents.

    Parameters
    ----------
    queries : Tensor (B, d)
        First embeddings.
    scores : Tensor (B, k)
        Inner products with what was found; minus infinity where nothing was.
    documents : Tensor (B, k, d)
        The vectors of what was found.
    weights : FeedbackWeights
        Its `depth` is done already: all k documents count.
    readings : Tensor (B, d), optional
        Embeddings of the queries, read together with documents; needed if these have a share.

    Returns
    -------
    Tensor (B, d)
        Second embeddings, not scaled to any length. Documents and readings count as if they were as long as the query,
        documents on average, so that shares and `sharpness` mean the same whatever lengths an encoder gives.

    Notes
    -----
    After Rocchio, "Relevance Feedback in Information Retrieval" (1971), for dense vectors Li et al., "Pseudo Relevance
    Feedback with Deep Language Models and Dense Retrievers" (arXiv 2108.11044); the softmax is ours. Readings after
    Yu et al., "Improving Query Representations for Dense Retrieval with Pseudo Relevance Feedback" (CIKM 2021), where
    they are the whole embedding.
    """
    longest = queries.norm(dim=1, keepdim=True)
    moved = (1 - weights.share - weights.reading_share) * queries
    if weights.share:
        moved = moved + weights.share * longest * _mean(longest, scores, documents, weights.sharpness)
    if weights.reading_share:
        assert readings is not None
        lengths = readings.norm(dim=1, keepdim=True).clamp(min=SHORTEST)
        moved = moved + weights.reading_share * longest * readings / lengths
    return moved


def _mean(
    longest: torch.Tensor, scores: torch.Tensor, documents: torch.Tensor, sharpness: float
) -> torch.Tensor:
    """Weighted means of documents (B, d), which have a length of 1 on average; `longest` (B, 1) are the queries'."""
    found = torch.isfinite(scores)
    lengths = documents.norm(dim=2).mul(found).sum(1, keepdim=True) / found.sum(1, keepdim=True).clamp(min=1)
    cosines = scores / (longest * lengths).clamp(min=SHORTEST)
    # Padding never counts; of what found nothing, all is padding, and the softmax not a number.
    logits = (sharpness * cosines).masked_fill(~found, float("-inf"))
    parts = torch.softmax(logits, dim=1).nan_to_num(0.0)
    return torch.einsum("bk,bkd->bd", parts, documents) / lengths.clamp(min=SHORTEST)
