"""Whether the vectors of an index can be what an encoder made."""

import hashlib
from pathlib import Path
from typing import Protocol

from pyserini_ltre.errors import InputError, remark
from pyserini_ltre.index.directory import IndexDirectory
from pyserini_ltre.index.lengths import vector_lengths
from pyserini_ltre.index.lucene.segments import is_lucene
from pyserini_ltre.index.seam import DenseIndex
from pyserini_ltre.index.sharded.directory import ShardedDirectory
from pyserini_ltre.index.sharded.manifest import is_sharded

# What a vector of length 1 may be off, in the half precision that some are stored in, too.
OFF = 0.01


class Embedder(Protocol):
    """What is compared of an encoder."""

    @property
    def name(self) -> str: ...  # noqa: D102
    @property
    def normalises(self) -> bool: ...  # noqa: D102


def check_dimension(directory: IndexDirectory, dimension: int, encoder: str) -> None:
    """Refuse an encoder (its name, for the message) whose embeddings have another size than the vectors."""
    if directory.dimension != dimension:
        raise InputError(
            f"{directory.path}: its vectors have {directory.dimension} dimensions, those of encoder "
            f"{encoder} have {dimension}; give the encoder that made the index"
        )


def describe(path: Path) -> str:
    """Read an index directory, and say in a few words what it is; one of Lucene is not looked into.

    Every file of a sharded one is read and compared with the manifest.

    An `InputError` says if it is incomplete or damaged, or its ``encoder.json`` is of another index.
    """
    if is_lucene(path):
        return "a Lucene index"
    if is_sharded(path):
        sharded = ShardedDirectory(path)
        sharded.check_sums()
        return (
            f"{len(sharded.row_of)} vectors of {sharded.dimension} dimensions in {len(sharded.shards)} shards"
        )
    index = IndexDirectory(path)
    record, documents = index.record, index.faiss_index.ntotal
    if record is not None:
        actual = index.dimension, documents, hashlib.sha256((path / "docid").read_bytes()).hexdigest()
        if (record.dimension, record.documents, record.docid_sha256) != actual:
            raise InputError(f"{path}: encoder.json is of another index; encode again, or remove that file")
    return f"{documents} vectors of {index.dimension} dimensions"


def check_vectors(index: DenseIndex, directory: IndexDirectory, encoder: Embedder) -> None:
    """Look at every vector of an opened index once; the directory gives the document ids.

    Raises
    ------
    InputError
        If a vector is not finite: its document is named.

    Warns
    -----
    UserWarning
        If vectors are zero: their documents can never be found before others. If their lengths are not what the
        encoder gives its embeddings.
    """
    zeros, shortest, longest, unsound = vector_lengths(index)
    if unsound is not None:
        raise InputError(
            f"{directory.path}: the vector of document {directory.docids[unsound]} is not finite; encode this "
            "document again"
        )
    if zeros:
        remark(f"{directory.path}: {zeros} vectors are zero: their documents are never found")
    if directory.stored_whole and zeros < len(index):
        _compare_lengths(directory, shortest, longest, encoder)


def _compare_lengths(directory: IndexDirectory, shortest: float, longest: float, encoder: Embedder) -> None:
    scaled = shortest > 1 - OFF and longest < 1 + OFF
    if scaled == encoder.normalises:
        return
    lengths = "1" if scaled else f"{shortest:.3g} to {longest:.3g}"
    embeddings = "scaled to 1" if encoder.normalises else "as they come"
    remark(
        f"{directory.path}: its vectors have lengths of {lengths}, embeddings of {encoder.name} are {embeddings}: "
        "if it is the encoder that made the index, say with --normalise whether that scaled them"
    )
