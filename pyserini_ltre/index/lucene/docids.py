"""The document ids of a segment, from the field `id` that Anserini also sorts ties by."""

from itertools import pairwise

import numpy as np

from pyserini_ltre.errors import InputError
from pyserini_ltre.index.lucene.data import LuceneData
from pyserini_ltre.index.lucene.segments import Segment

FIELD = "id"
BINARY = 1
EVERY_DOCUMENT = -1


def segment_docids(segment: Segment) -> list[str]:
    """Read the ids of a segment's documents, in their order.

    Raises
    ------
    InputError
        If not each document has one, as in an index that Anserini has not made.
    """
    place = f"{segment.files.directory / segment.files.name}"
    field = segment.fields.get(FIELD)
    remedy = "build the index with Anserini"
    if field is None or "PerFieldDocValuesFormat.format" not in field.attributes:
        raise InputError(f"{place}: its documents have no field {FIELD} with their ids; {remedy}")
    suffix = field.file_suffix("DocValues")
    meta = segment.files.read(f"{suffix}.dvm", "Lucene90DocValuesMetadata")
    texts = segment.files.read(f"{suffix}.dvd", "Lucene90DocValuesData").content
    # Other fields with values would come first, in the order of their numbers; Anserini writes none.
    if (meta.number("i"), meta.byte()) != (field.number, BINARY):
        raise InputError(f"{place}{suffix}.dvm: the ids are not where Anserini puts them; {remedy}")
    offset, length, with_id = (meta.number("q") for _ in range(3))
    meta.skip(8 + 2 + 1)
    documents, shortest, longest = (meta.number("i") for _ in range(3))
    if with_id != EVERY_DOCUMENT or documents != segment.documents:
        raise InputError(f"{place}: not every document has an id; {remedy}")
    same = shortest == longest
    ends = np.arange(documents + 1) * longest if same else _rising(meta, texts, documents + 1)
    if ends[0] != 0 or ends[-1] != length or (np.diff(ends) < 0).any() or offset + length > len(texts):
        raise InputError(f"{place}{suffix}.dvd: damaged; build the index again")
    every = bytes(texts[offset : offset + length])
    return [every[start:end].decode() for start, end in pairwise(ends.tolist())]


def _rising(meta: LuceneData, data: memoryview, count: int) -> np.ndarray:
    """Read numbers that rise: in each block, what is above a straight line, in as few bits as hold it."""
    start, block = meta.number("q"), 1 << min(meta.short_number(), 32)
    parts = []
    for first in range(0, count, block):
        lowest, slope = meta.number("q"), np.float32(meta.real())
        offset, bits = start + meta.number("q"), meta.byte()
        places = np.arange(min(block, count - first))
        above = _packed(data[offset:], bits, len(places))
        # As Lucene computes it: in float32, cut to a whole number.
        parts.append(lowest + (slope * places.astype(np.float32)).astype(np.int64) + above)
    return np.concatenate(parts)


def _packed(data: memoryview, bits: int, count: int) -> np.ndarray:
    """Unpack whole numbers of some bits each, the lowest bit first."""
    if bits == 0:
        return np.zeros(count, np.int64)
    octets = np.frombuffer(data, np.uint8, -(-count * bits // 8))
    flags = np.unpackbits(octets, count=count * bits, bitorder="little").reshape(count, bits)
    return flags @ (1 << np.arange(bits, dtype=np.int64))
