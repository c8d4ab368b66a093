"""The vectors of a segment: float32, row by row, whatever graph or quantised copy lies beside them."""

import numpy as np

from pyserini_ltre.errors import InputError
from pyserini_ltre.index.lucene.files import mapped
from pyserini_ltre.index.lucene.segments import Field, Segment

FLOAT32 = 1
# Functions of similarity by their number; those that order documents as inner products do.
INNER_PRODUCTS = {1: "dot product", 3: "maximum inner product"}
EVERY_DOCUMENT = -1
REMEDY = "build it with Anserini's IndexFlatDenseVectors or IndexHnswDenseVectors"


def vector_field(segment: Segment) -> Field:
    """Find the field that holds vectors; an `InputError` says if there is none, or more than one."""
    found = {name: field for name, field in segment.fields.items() if field.dimension}
    if len(found) != 1:
        said = f"fields of vectors: {', '.join(found)}" if found else "no dense vectors, only text"
        raise InputError(f"{segment.files.directory}: the Lucene index has {said}; {REMEDY}")
    return next(iter(found.values()))


def segment_vectors(segment: Segment) -> np.ndarray:
    """Map the vectors of a segment into memory.

    Parameters
    ----------
    segment : Segment
        The segment; each of its documents must have a vector.

    Returns
    -------
    ndarray (n, d) float32
        In the order of the documents; read from the file as it is used. Changes stay in memory.

    Raises
    ------
    InputError
        If the vectors are of another format, or not for inner products.
    """
    field = vector_field(segment)
    suffix = field.file_suffix("KnnVectors")
    place = segment.files.directory / f"{segment.files.name}{suffix}.vec"
    meta = segment.files.read(f"{suffix}.vemf", "Lucene99FlatVectorsFormatMeta")
    number, encoding, similarity = (meta.number("i") for _ in range(3))
    offset, length, dimension = (meta.short_number() for _ in range(3))
    size, with_vector = meta.number("i"), meta.number("q")
    if similarity not in INNER_PRODUCTS:
        raise InputError(f"{place}: its similarity is no inner product; {REMEDY}")
    if number != field.number or encoding != FLOAT32 or dimension != field.dimension:
        raise InputError(f"{place}: its vectors are not float32; {REMEDY}")
    if with_vector != EVERY_DOCUMENT or size != segment.documents:
        raise InputError(f"{place}: {segment.documents - size} documents have no vector; {REMEDY}")
    content = mapped(segment.files.extent(f"{suffix}.vec"))
    if length != 4 * size * dimension or offset + length > len(content):
        raise InputError(f"{place}: cut off; build or copy the index again")
    return np.frombuffer(content, "<f4", size * dimension, offset).reshape(size, dimension)
