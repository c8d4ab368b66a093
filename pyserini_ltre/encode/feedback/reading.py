"""The texts of an index, read beside a query by the encoder that embeds it."""

from collections.abc import Callable, Mapping

import numpy as np
import torch

from pyserini_ltre.encode.feedback.passages import Passages
from pyserini_ltre.encode.feedback.reader import Reader
from pyserini_ltre.encode.model import BiEncoder

Embed = Callable[[Mapping[str, torch.Tensor]], np.ndarray]
"""Embeds padded batches; a `pyserini_ltre.encode.backends.ForwardPass`."""


class Reading:
    """Embeds queries together with documents.

    Parameters
    ----------
    reader : Reader
        What reads.
    passages : Passages
        The texts of the index, in the reader's tokens.
    """

    def __init__(self, reader: Reader, passages: Passages) -> None:
        self.reader = reader
        self.passages = passages

    @classmethod
    def of(cls, encoder: BiEncoder, passages: Passages) -> "Reading":
        """Have an encoder itself read the texts; an `InputError` says if it cannot."""
        return cls(Reader.of(encoder), passages)

    def joined(self, queries: list[list[int]], rows: torch.Tensor) -> list[list[int]]:
        """Join the token ids of queries with those of the documents in `rows` (B, k), -1 where there is none."""
        return [
            self.reader.joined(query, [self.passages[row] for row in found if row >= 0])
            for query, found in zip(queries, rows.tolist(), strict=True)
        ]

    def embedded(self, joined: list[list[int]], embed: Embed | None = None) -> torch.Tensor:
        """Embeddings (B, d) of what `joined` gave, by `embed`, or else by torch."""
        batch = self.reader.pad(joined)
        return self.reader(**batch) if embed is None else torch.from_numpy(embed(batch))
