"""Stand-in for an encoder of which only query vectors are at hand, for example one behind a paid service."""

import os
from pathlib import Path

import torch
from torch import nn

from pyserini_ltre.encode.head import write_head_modules
from pyserini_ltre.json_files import write_json


class GivenVectors(nn.Module):
    """Has what the adapter needs of an encoder: the size of its vectors, and a head that the adapter joins.

    Parameters
    ----------
    dimension : int
        Size of the query vectors.
    normalises : bool
        Whether they have length 1.
    """

    name = "given query vectors"
    device = torch.device("cpu")

    def __init__(self, dimension: int, normalises: bool) -> None:
        super().__init__()
        self.dimension = dimension
        self.normalises = normalises
        self.head = nn.Sequential()

    def forward(self, vectors: torch.Tensor) -> torch.Tensor:
        """Apply the head, which holds the adapter after training, to query vectors (B, d)."""
        return self.head(vectors)

    def save(self, directory: str | os.PathLike[str], **description: object) -> None:
        """Save the head in sentence-transformers' form, and ``pyserini_ltre.json``."""
        modules = write_head_modules(Path(directory), self.head, first=0)
        write_json(Path(directory) / "modules.json", modules)
        write_json(Path(directory) / "pyserini_ltre.json", {"dimension": self.dimension, **description})
