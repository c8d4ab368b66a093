"""The lengths of all vectors of an index, looked at once."""

from typing import NamedTuple, Protocol, runtime_checkable

import torch

from pyserini_ltre.index.seam import DenseIndex

# Vectors looked at together; few, so that memory stays small whatever their size.
ROWS = 8192


class VectorLengths(NamedTuple):
    """What the vectors of an index are like.

    Attributes
    ----------
    zeros : int
        Vectors of length 0.
    shortest, longest : float
        Lengths of the others; infinity and 0 where there are none.
    unsound : int, optional
        The first row whose vector is not finite; the lengths are then those of the rows before.
    """

    zeros: int
    shortest: float
    longest: float
    unsound: int | None = None


@runtime_checkable
class KnowsLengths(Protocol):
    """An index that can say it better than its vectors would: they are elsewhere."""

    def vector_lengths(self) -> VectorLengths:
        """Lengths of all vectors."""


def vector_lengths(index: DenseIndex) -> VectorLengths:
    """Look at every vector of an index."""
    if isinstance(index, KnowsLengths):
        return index.vector_lengths()
    zeros, shortest, longest = 0, float("inf"), 0.0
    for start in range(0, len(index), ROWS):
        norms = index.vectors(torch.arange(start, min(start + ROWS, len(index)))).square().sum(1).sqrt()
        unsound = ~norms.isfinite()
        if unsound.any():
            return VectorLengths(zeros, shortest, longest, start + int(unsound.nonzero()[0]))
        lengths = norms[norms > 0]
        zeros += len(norms) - len(lengths)
        if len(lengths):
            shortest, longest = min(shortest, float(lengths.min())), max(longest, float(lengths.max()))
    return VectorLengths(zeros, shortest, longest)
