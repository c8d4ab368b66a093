"""The original vectors of a compressed index: it is searched as it is, the loss sees what was compressed."""

import os
from tokenize import TokenError

import numpy as np
import torch

from pyserini_ltre.errors import InputError, blaming
from pyserini_ltre.files import expanded
from pyserini_ltre.index.seam import DenseIndex

# Rows on which index and vectors are compared.
COMPARED = 64
# What numpy raises for headers with a few bytes changed.
DAMAGED = (
    ValueError,
    EOFError,
    TypeError,
    LookupError,
    ArithmeticError,
    SyntaxError,
    RecursionError,
    OSError,
    TokenError,
)


class WithOriginalVectors:
    """An index whose `vectors` come from a numpy file.

    Parameters
    ----------
    index : DenseIndex
        What is searched.
    path : path
        A .npy file, memory-mapped: (N, d) float32 or float16, in the order of the index.

    Raises
    ------
    InputError
        If the file does not belong to the index.
    """

    def __init__(self, index: DenseIndex, path: str | os.PathLike[str]) -> None:
        self.index = index
        self.originals = read_vectors(path, index.dimension)
        if len(self.originals) != len(index):
            raise InputError(
                f"{path}: {len(self.originals)} vectors for the {len(index)} documents of the index; "
                "give those that the index was made from"
            )
        rows = torch.linspace(0, len(index) - 1, min(COMPARED, len(index))).long().unique()
        nearest = torch.cdist(index.vectors(rows), self.vectors(rows)).argmin(1)
        if (nearest == torch.arange(len(rows))).float().mean() < 0.5:
            raise InputError(
                f"{path}: its rows are not those of the index; give what the index was made from, in its order"
            )

    def __len__(self) -> int:
        return len(self.index)

    @property
    def dimension(self) -> int:
        """Size of the vectors."""
        return self.index.dimension

    def search(self, queries: torch.Tensor, k: int) -> tuple[torch.Tensor, torch.Tensor]:
        """Search the index; see `DenseIndex.search`."""
        return self.index.search(queries, k)

    def vectors(self, rows: torch.Tensor) -> torch.Tensor:
        """Original vectors of rows; see `DenseIndex.vectors`."""
        return torch.from_numpy(self.originals[rows.cpu().numpy()].astype(np.float32, copy=False)).to(
            rows.device
        )


def read_vectors(path: str | os.PathLike[str], dimension: int) -> np.ndarray:
    """Map a .npy file of vectors into memory: (N, dimension), float32 or float16, read from the file as it is used.

    Raises
    ------
    InputError
        If the file is missing or holds anything else.
    """
    file = expanded(path)
    if not file.exists():
        raise InputError(f"{path}: no such file; name a .npy file of vectors")
    if file.is_dir():
        raise InputError(f"{path}: not a .npy file (a folder); name a file that numpy.save has written")
    # The header is read as a Python literal, which may be anything.
    with blaming(f"{path}: not a .npy file", "write the vectors with numpy.save", *DAMAGED):
        vectors = np.lib.format.open_memmap(file, mode="r")
    if vectors.ndim != 2 or vectors.shape[1] != dimension or vectors.dtype not in (np.float32, np.float16):
        raise InputError(
            f"{path}: {vectors.dtype} of shape {vectors.shape}; "
            f"give float32 or float16 vectors of {dimension} dimensions, one a row"
        )
    return vectors
