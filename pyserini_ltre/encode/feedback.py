"""The second embedding of a query: moved toward what a first search with it finds.

The last part of an encoder's head. So whoever embeds queries, Pyserini's commands among them, searches once in between,
and needs to be told nothing.
"""

from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import torch
from torch import nn

from pyserini_ltre.encode.head import Normalize
from pyserini_ltre.errors import InputError
from pyserini_ltre.index import IndexDirectory, open_directory
from pyserini_ltre.index.check import check_dimension
from pyserini_ltre.index.seam import DenseIndex
from pyserini_ltre.json_files import check_shape

# Lengths are divided by; a vector of zeros has none.
SHORTEST = 1e-9
SHAPE = {
    "depth": int,
    "share": float,
    "sharpness": float,
    "index": {"path": str, "fingerprint": str, "documents": int, "dimension": int},
}


@dataclass(frozen=True)
class FeedbackWeights:
    """How far a query is moved, and toward which of the documents that it finds.

    Attributes
    ----------
    depth : int
        Best documents of the first search that count.
    share : float
        Of the documents in the second embedding, between 0 and 1; the query has the rest.
    sharpness : float
        Factor on the cosines of query and documents, before the softmax that divides the share among them: 0 weighs
        all alike, as Rocchio's method does.
    """

    depth: int
    share: float
    sharpness: float

    def __str__(self) -> str:
        return f"{self.depth} documents, a share of {self.share:g}, sharpness {self.sharpness:g}"


def fed_back(
    queries: torch.Tensor, scores: torch.Tensor, documents: torch.Tensor, weights: FeedbackWeights
) -> torch.Tensor:
    """Move queries toward documents.

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

    Returns
    -------
    Tensor (B, d)
        Second embeddings, not scaled to any length. Documents count as if they were as long as the query on average,
        so that `share` and `sharpness` mean the same whatever lengths an encoder gives.

    Notes
    -----
    After Rocchio, "Relevance Feedback in Information Retrieval" (1971), for dense vectors Li et al., "Pseudo Relevance
    Feedback with Deep Language Models and Dense Retrievers" (arXiv 2108.11044); the softmax is ours.
    """
    found = torch.isfinite(scores)
    lengths = documents.norm(dim=2).mul(found).sum(1) / found.sum(1).clamp(min=1)
    longest = queries.norm(dim=1)
    cosines = scores / (longest * lengths).clamp(min=SHORTEST).unsqueeze(1)
    # Padding never counts; of what found nothing, all is padding, and the softmax not a number.
    logits = (weights.sharpness * cosines).masked_fill(~found, float("-inf"))
    parts = torch.softmax(logits, dim=1).nan_to_num(0.0)
    mean = torch.einsum("bk,bkd->bd", parts, documents) * (longest / lengths.clamp(min=SHORTEST)).unsqueeze(1)
    return (1 - weights.share) * queries + weights.share * mean


class Feedback(nn.Module):
    """Embeddings in, a search, embeddings out; see `fed_back`.

    Parameters
    ----------
    directory : IndexDirectory
        The index of the first search.
    weights : FeedbackWeights
        What was learned.
    index : DenseIndex, optional
        The same, opened; by default it is opened here.

    Raises
    ------
    InputError
        If the index has fewer documents than count.
    """

    def __init__(
        self, directory: IndexDirectory, weights: FeedbackWeights, index: DenseIndex | None = None
    ) -> None:
        super().__init__()
        self.directory = directory
        self.weights = weights
        self.index = directory.open() if index is None else index
        if weights.depth > len(self.index):
            raise InputError(
                f"{directory.path}: feedback of {weights.depth} documents, but the index has {len(self.index)}; choose "
                "1 to as many for `depth`"
            )
        # What has no weights has no device, and no fingerprint either.
        learned = torch.tensor([weights.depth, weights.share, weights.sharpness])
        self.learned = nn.Parameter(learned, requires_grad=False)

    def forward(self, queries: torch.Tensor) -> torch.Tensor:
        """Second embeddings of first ones (B, d)."""
        scores, rows = self.index.search(queries, self.weights.depth)
        documents = self.index.vectors(rows.clamp(min=0))
        return fed_back(queries, scores, documents, self.weights)

    def record(self) -> dict[str, object]:
        """What ``pyserini_ltre.json`` says of it."""
        index = {
            "path": str(self.directory.path),
            "fingerprint": self.directory.fingerprint,
            "documents": len(self.index),
            "dimension": self.index.dimension,
        }
        return {**asdict(self.weights), "index": index}


def with_feedback(head: nn.Sequential, feedback: Feedback) -> nn.Sequential:
    """A head with feedback behind it, which scales to length 1 if the head did."""
    unit = len(head) > 0 and isinstance(head[-1], Normalize)
    return nn.Sequential(*head, feedback, *([Normalize()] if unit else []))


def without_feedback(head: nn.Sequential) -> nn.Sequential:
    """The part of a head that gives the first embedding: all of it, where there is no feedback."""
    places = [place for place, layer in enumerate(head) if isinstance(layer, Feedback)]
    return nn.Sequential(*list(head)[: places[0]]) if places else head


def feedback_of(head: nn.Sequential) -> Feedback | None:
    """The feedback in a head, if there is any."""
    return next((layer for layer in head if isinstance(layer, Feedback)), None)


def read_feedback(record: Any, file: Path, dimension: int) -> Feedback:
    """Open what a saved encoder says of its feedback.

    Parameters
    ----------
    record : dict
        What stands under ``feedback`` in the file.
    file : Path
        The encoder's ``pyserini_ltre.json``, for messages.
    dimension : int
        Size of the encoder's embeddings.

    Raises
    ------
    InputError
        If it is damaged, or its index is not there any more, has been changed since, or has other dimensions.
    """
    remedy = "learn the feedback anew (python -m pyserini_ltre.train feedback)"
    check_shape({"feedback": record}, {"feedback": SHAPE}, file, remedy)
    known = record["index"]
    weights = FeedbackWeights(record["depth"], record["share"], record["sharpness"])
    if weights.depth < 1 or not 0 <= weights.share <= 1:
        raise InputError(f"{file}: feedback of {weights}; {remedy}")
    path = Path(known["path"])
    if not path.is_dir():
        raise InputError(
            f"{file}: its feedback searches the index {path}, which is not there; put it there again, or correct "
            '"path" under "feedback" in that file'
        )
    directory = open_directory(path)
    check_dimension(directory, dimension, str(file.parent))
    there = len(directory.docids)
    if there != known["documents"]:
        raise InputError(
            f"{file}: its feedback was learned on {known['documents']} documents, but the index {path} has {there}; "
            f"{remedy}"
        )
    if directory.fingerprint != known["fingerprint"]:
        raise InputError(f"{file}: the index {path} has changed since its feedback was learned; {remedy}")
    return Feedback(directory, weights)


def refuse_feedback(encoder: object, what: str) -> None:
    """Refuse an encoder with feedback where there can be none; `what` cannot do with it."""
    head = getattr(encoder, "head", None)
    if isinstance(head, nn.Sequential) and feedback_of(head) is not None:
        name = getattr(encoder, "name", "encoder")
        raise InputError(
            f"{name}: searches an index while it embeds, which {what} cannot do; give the encoder before "
            "feedback was learned"
        )
