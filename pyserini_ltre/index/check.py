"""Whether the vectors of an index can be what an encoder made."""

import warnings

import torch

from pyserini_ltre.errors import InputError
from pyserini_ltre.index.directory import IndexDirectory
from pyserini_ltre.index.seam import DenseIndex

# Vectors looked at together; few, so that memory stays small whatever their size.
ROWS = 8192


def check_dimension(directory: IndexDirectory, dimension: int, encoder: str) -> None:
    """Refuse an encoder (its name, for the message) whose embeddings have another size than the vectors."""
    if directory.dimension != dimension:
        raise InputError(
            f"{directory.path}: its vectors have {directory.dimension} dimensions, those of encoder "
            f"{encoder} have {dimension}; give the encoder that made the index"
        )


def check_vectors(index: DenseIndex, directory: IndexDirectory) -> None:
    """Look at every vector once.

    Parameters
    ----------
    index : DenseIndex
        The opened index.
    directory : IndexDirectory
        Where it lies; gives the document ids.

    Raises
    ------
    InputError
        If a vector is not finite: its document is named.

    Warns
    -----
    UserWarning
        If vectors are zero: their documents can never be found before others.
    """
    zeros = 0
    for start in range(0, len(index), ROWS):
        norms = index.vectors(torch.arange(start, min(start + ROWS, len(index)))).square().sum(1)
        bad = ~norms.isfinite()
        if bad.any():
            docid = directory.docids[start + int(bad.nonzero()[0])]
            raise InputError(
                f"{directory.path}: the vector of document {docid} is not finite; encode this document again"
            )
        zeros += int((norms == 0).sum())
    if zeros:
        warnings.warn(
            f"{directory.path}: {zeros} vectors are zero: their documents are never found", stacklevel=3
        )
