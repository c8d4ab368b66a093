"""Whether the vectors of an index can be what an encoder made."""

import hashlib
from pathlib import Path

import torch

from pyserini_ltre.errors import InputError, remark
from pyserini_ltre.index.directory import IndexDirectory
from pyserini_ltre.index.lucene.segments import is_lucene
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


def describe(path: Path) -> str:
    """Read an index directory, and say in a few words what it is; one of Lucene is not looked into.

    An `InputError` says if it is incomplete or damaged, or its ``encoder.json`` is of another index.
    """
    if is_lucene(path):
        return "a Lucene index"
    index = IndexDirectory(path)
    record, documents = index.record, index.faiss_index.ntotal
    if record is not None:
        actual = index.dimension, documents, hashlib.sha256((path / "docid").read_bytes()).hexdigest()
        if (record.dimension, record.documents, record.docid_sha256) != actual:
            raise InputError(f"{path}: encoder.json is of another index; encode again, or remove that file")
    return f"{documents} vectors of {index.dimension} dimensions"


def check_vectors(index: DenseIndex, directory: IndexDirectory) -> None:
    """Look at every vector of an opened index once; the directory gives the document ids.

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
        remark(f"{directory.path}: {zeros} vectors are zero: their documents are never found")
