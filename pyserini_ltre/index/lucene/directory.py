"""A Lucene index of vectors as an index directory: for training, mining, search and compression."""

import hashlib
import os
import struct
from contextlib import AbstractContextManager
from functools import cached_property

import numpy as np
import torch

from pyserini_ltre.errors import InputError, blaming
from pyserini_ltre.files import expanded
from pyserini_ltre.index.directory import FINGERPRINT_BLOCKS, IndexDirectory
from pyserini_ltre.index.exact import Bfloat16Index, ExactIndex
from pyserini_ltre.index.lucene.docids import segment_docids
from pyserini_ltre.index.lucene.segments import read_segments
from pyserini_ltre.index.lucene.vectors import segment_vectors
from pyserini_ltre.index.seam import DenseIndex
from pyserini_ltre.index.segmented import SegmentedIndex

BACKENDS = ("exact", "exact-bf16")
# What reading numbers raises that are not what they should be.
DAMAGED = (struct.error, IndexError, ValueError, OverflowError)


def damage_explained(directory: str | os.PathLike[str]) -> AbstractContextManager[None]:
    """Turn what damaged files of an index lead to, in a block that reads them, into an `InputError`."""
    return blaming(directory, "it is damaged: build the index again", *DAMAGED)


class LuceneDirectory(IndexDirectory):
    """A Lucene index of vectors, flat or HNSW, quantised or not: the float32 vectors in it are what is read.

    Parameters
    ----------
    path : path
        Directory with ``segments_N``.

    Attributes
    ----------
    pieces : list of Tensor (n, d)
        The vectors of each segment, memory-mapped.
    docids : list of str
        A document id a row, in the order of the segments.

    Raises
    ------
    InputError
        If a file is missing or damaged, or there is a document without vector or id.
    """

    def __init__(self, path: str | os.PathLike[str]) -> None:
        self.path = expanded(path).absolute()
        with damage_explained(self.path):
            segments = read_segments(self.path)
            self.pieces = [torch.from_numpy(segment_vectors(segment)) for segment in segments]
            self.docids = [docid for segment in segments for docid in segment_docids(segment)]
        if len({piece.shape[1] for piece in self.pieces}) != 1:
            raise InputError(f"{self.path}: no documents; build the index again")

    @property
    def dimension(self) -> int:
        """Size of the vectors."""
        return self.pieces[0].shape[1]

    @property
    def stored_whole(self) -> bool:
        """Always: what a quantised index is searched by lies beside the vectors."""
        return True

    @property
    def index_bytes(self) -> int:
        """Bytes of the vectors."""
        return 4 * self.dimension * len(self.docids)

    @cached_property
    def fingerprint(self) -> str:
        """SHA-256 of the ids, and of some of the vectors: another encoder's index differs."""
        digest = hashlib.sha256("".join(f"{docid}\n" for docid in self.docids).encode())
        for piece in self.pieces:
            rows = np.linspace(0, len(piece) - 1, FINGERPRINT_BLOCKS).astype(int)
            digest.update(piece[rows].numpy().tobytes())
        return digest.hexdigest()

    def _searchable(self, backend: str | None, device: torch.device) -> DenseIndex:
        """The vectors behind exact search; Lucene's own search is for its own commands."""
        if backend not in (None, *BACKENDS):
            raise InputError(
                f"`search_backend` {backend}: a Lucene index is searched exactly; use {' or '.join(BACKENDS)}"
            )
        parts = [ExactIndex(piece) for piece in self.pieces]
        exact = parts[0] if len(parts) == 1 else SegmentedIndex(parts)
        if backend == "exact-bf16":
            return Bfloat16Index(exact, device)
        if device.type == "cpu":
            return exact
        return ExactIndex(torch.cat([piece.to(device) for piece in self.pieces]))
