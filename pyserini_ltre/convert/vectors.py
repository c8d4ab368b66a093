"""DRhard's embeddings, a headerless file of float32, become an index directory without passing through memory."""

import os
import struct
from dataclasses import dataclass
from pathlib import Path

import faiss
import numpy as np
from tqdm import tqdm

from pyserini_ltre.encode.model import BiEncoder
from pyserini_ltre.errors import InputError
from pyserini_ltre.index.faiss import flat_vectors, read_index_file
from pyserini_ltre.index.writing import write_index_directory

# Bytes of vectors copied at a time.
BLOCK = 1 << 24


@dataclass(frozen=True)
class VectorFile:
    """A headerless file of float32 vectors.

    Attributes
    ----------
    path : Path
        The file.
    d : int
        Numbers a vector.
    ntotal : int
        How many vectors; these two are named as FAISS names them.
    """

    path: Path
    d: int
    ntotal: int

    def write(self, file: str) -> None:
        """Write a flat inner-product index, a block at a time; an `InputError` names a row that is not finite."""
        rows = np.memmap(self.path, dtype="<f4", mode="r", shape=(self.ntotal, self.d))
        step = max(1, BLOCK // (4 * self.d))
        with open(file, "wb") as index, tqdm(total=self.ntotal, unit=" vectors", disable=None) as bar:
            index.write(_header(self.ntotal, self.d))
            for start in range(0, self.ntotal, step):
                block = np.array(rows[start : start + step])
                finite = np.isfinite(block).all(axis=1)
                if not finite.all():
                    row = start + int(np.argmin(finite))
                    raise InputError(f"{self.path}: row {row} has a number that is not finite; encode again")
                index.write(block.tobytes())
                bar.update(len(block))
        written = read_index_file(file)
        vectors = flat_vectors(written)
        if vectors is None or len(vectors) != len(rows) or not np.array_equal(vectors[-1], rows[-1]):
            raise RuntimeError(f"FAISS {faiss.__version__} reads another index than was written")


def open_vectors(path: str | os.PathLike[str], dimension: int) -> VectorFile:
    """Open a headerless file of float32 vectors of `dimension` numbers each; its size tells how many there are.

    Raises
    ------
    InputError
        If there is no such file, or its size is no multiple of a vector's.
    """
    path = Path(path)
    if not path.is_file():
        raise InputError(f"{path}: no such file; name the file with the embeddings")
    if dimension < 1:
        raise InputError(f"`dimension` {dimension}: give 1 or more")
    size, vector = path.stat().st_size, 4 * dimension
    if size == 0 or size % vector:
        raise InputError(
            f"{path}: {size} bytes are no multiple of the {vector} of a vector of {dimension} float32; copy the file "
            "again, or give its `dimension`"
        )
    return VectorFile(path, dimension, size // vector)


def convert_vectors(
    vectors: VectorFile,
    docids: list[str],
    output: str | os.PathLike[str],
    encoder: BiEncoder | None = None,
    overwrite: bool = False,
) -> None:
    """Make an index directory, whole or not at all.

    Parameters
    ----------
    vectors, docids
        N embeddings, and the id of each row.
    output : path
        The directory; with `overwrite`, it may replace one that is not empty.
    encoder : BiEncoder, optional
        The document encoder that made the vectors, for ``encoder.json``, which is left out otherwise.

    Raises
    ------
    InputError
        If there are not as many ids as vectors, an id is there twice, a number is not finite, or the encoder gives
        vectors of another size.
    """
    if len(docids) != vectors.ntotal:
        raise InputError(
            f"{vectors.path}: {vectors.ntotal} vectors of {vectors.d}, but {len(docids)} ids; name the id file that "
            "was written with them"
        )
    if encoder is not None and encoder.dimension != vectors.d:
        raise InputError(
            f"{encoder.name}: {encoder.dimension} dimensions, but the vectors have {vectors.d}; name the encoder that "
            "made them"
        )
    record = None if encoder is None else encoder.document_record()
    write_index_directory(output, vectors, docids, record, overwrite, write=VectorFile.write)


def _header(count: int, dimension: int) -> bytes:
    """What FAISS writes before the vectors of a flat index, with its two counts filled in."""
    empty = faiss.serialize_index(faiss.IndexFlatIP(dimension)).tobytes()
    # Type and dimension, 4 bytes each; then the number of vectors. At the end: how many numbers follow.
    return empty[:8] + struct.pack("<q", count) + empty[16:-8] + struct.pack("<Q", count * dimension)
