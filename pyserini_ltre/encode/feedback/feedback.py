"""Feedback as a part of an encoder: the index of the first search, what was learned, and what reads."""

from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING

import torch
from torch import nn

from pyserini_ltre.encode.feedback.weights import FeedbackWeights, fed_back
from pyserini_ltre.errors import InputError
from pyserini_ltre.index import IndexDirectory
from pyserini_ltre.index.seam import DenseIndex

if TYPE_CHECKING:
    from pyserini_ltre.encode.feedback.reading import Embed, Reading

# The folder of an encoder's directory that holds the texts.
PASSAGES = "passages"


def moved(
    index: DenseIndex,
    queries: torch.Tensor,
    scores: torch.Tensor,
    rows: torch.Tensor,
    weights: FeedbackWeights,
    readings: torch.Tensor | None = None,
) -> torch.Tensor:
    """Move queries toward what a search in an index has found; see `fed_back`.

    `scores` and `rows` (B, k) are those of the search, as deep as the weights say or deeper, which then has no part.
    """
    near = slice(weights.depth)
    documents = index.vectors(rows[:, near].clamp(min=0))
    return fed_back(queries, scores[:, near], documents, weights, readings)


class Feedback(nn.Module):
    """First embeddings of queries in, a search, second ones out; see `fed_back`.

    Parameters
    ----------
    directory : IndexDirectory
        The index of the first search.
    weights : FeedbackWeights
        What was learned.
    index : DenseIndex, optional
        The same, opened; by default it is opened here.
    reading : Reading, optional
        The texts, and what reads them: the encoder that gets the feedback. Needed if documents are read.

    Raises
    ------
    InputError
        If the index has fewer documents than count.
    """

    def __init__(
        self,
        directory: IndexDirectory,
        weights: FeedbackWeights,
        index: DenseIndex | None = None,
        reading: "Reading | None" = None,
    ) -> None:
        super().__init__()
        self.directory = directory
        self.weights = weights
        self.index = directory.open() if index is None else index
        self.reading = reading
        if weights.deepest > len(self.index):
            raise InputError(
                f"{directory.path}: feedback of {weights.deepest} documents, but the index has {len(self.index)}; "
                "choose 1 to as many for `depth`"
            )
        # What has no weights has no fingerprint.
        learned = torch.tensor([float(value) for value in asdict(weights).values()])
        self.learned = nn.Parameter(learned, requires_grad=False)

    def forward(
        self,
        queries: torch.Tensor,
        input_ids: torch.Tensor,
        attention_mask: torch.Tensor,
        embed: "Embed | None" = None,
    ) -> torch.Tensor:
        """Move queries toward what they find.

        Parameters
        ----------
        queries : Tensor (B, d)
            First embeddings.
        input_ids, attention_mask : LongTensor (B, L)
            The tokens of the queries.
        embed : callable, optional
            What computes where texts are read; by default torch.

        Returns
        -------
        Tensor (B, d)
            Second embeddings, not scaled to any length.
        """
        if not self.weights.deepest:
            return queries
        scores, rows = self.index.search(queries, self.weights.deepest)
        readings = None
        if self.weights.read and self.reading is not None:
            tokens = [ids[mask.bool()].tolist() for ids, mask in zip(input_ids, attention_mask, strict=True)]
            joined = self.reading.joined(tokens, rows[:, : self.weights.read])
            readings = self.reading.embedded(joined, embed).to(queries.device)
        return moved(self.index, queries, scores, rows, self.weights, readings)

    def record(self) -> dict[str, object]:
        """What ``pyserini_ltre.json`` says of it."""
        index = {
            "path": str(self.directory.path),
            "fingerprint": self.directory.fingerprint,
            "documents": len(self.index),
            "dimension": self.index.dimension,
        }
        return {**asdict(self.weights), "index": index}

    def write(self, directory: Path) -> None:
        """Write what is not in the record into the directory of the encoder."""
        if self.reading is not None:
            self.reading.passages.write(directory / PASSAGES)


def refuse_feedback(encoder: object, what: str) -> None:
    """Refuse an encoder with feedback where there can be none; `what` cannot do with it."""
    if getattr(encoder, "feedback", None) is not None:
        name = getattr(encoder, "name", "encoder")
        raise InputError(
            f"{name}: searches an index while it embeds, which {what} cannot do; give the encoder before "
            "feedback was learned"
        )
