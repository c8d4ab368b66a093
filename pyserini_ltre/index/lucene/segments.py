"""What a Lucene index is made of: its segments, and the fields of each."""

import re
from dataclasses import dataclass
from pathlib import Path

from pyserini_ltre.errors import InputError
from pyserini_ltre.index.lucene.data import LuceneData
from pyserini_ltre.index.lucene.files import SegmentFiles

# Versions of `segments_N` and of the list of fields that are known; a newer one may have more in it.
SEGMENTS, FIELDS = range(9, 11), range(3)
# Of the list of fields: from this version on, a byte more after the kind of doc values.
SKIPPERS = 2
ONE_BY_ONE = 255


@dataclass(frozen=True)
class Field:
    """A field of a segment: its `number`, the `dimension` of its vectors (0 if there are none), and attributes."""

    number: int
    dimension: int
    attributes: dict[str, str]

    def file_suffix(self, kind: str) -> str:
        """The part of file names that says which format the field has, for `KnnVectors` or `DocValues`."""
        prefix = f"PerField{kind}Format"
        names = (self.attributes.get(f"{prefix}.format", ""), self.attributes.get(f"{prefix}.suffix", ""))
        return "_".join(("", *names))


@dataclass(frozen=True)
class Segment:
    """Some of an index's documents: their number, files, and fields by name."""

    documents: int
    files: SegmentFiles
    fields: dict[str, Field]


def is_lucene(directory: Path) -> bool:
    """Whether a directory is an index of Lucene, of texts or of vectors."""
    return any(directory.glob("segments_*"))


def read_segments(directory: Path) -> list[Segment]:
    """Read which segments an index has, in the order of its documents.

    Raises
    ------
    InputError
        If there are none, a file is damaged or of an unknown version, or documents have been deleted.
    """
    generations = {path: re.fullmatch(r"segments_(\w+)", path.name) for path in directory.glob("segments_*")}
    if not generations:
        raise InputError(f"{directory}: no file segments_N; name the directory of a Lucene index")
    newest = max(generations, key=lambda path: int(path.name.removeprefix("segments_"), 36))
    data = LuceneData(newest.read_bytes(), "segments", newest)
    _check_version(data, SEGMENTS, newest)
    for _ in range(4):  # Lucene's version now, and the major one of when the index was begun
        data.short_number()
    data.big_endian("q")
    data.short_number()
    count = data.big_endian("i")
    for _ in range(3 if count else 0):
        data.short_number()
    return [_read_segment(data, directory, newest) for _ in range(count)]


def _read_segment(data: LuceneData, directory: Path, place: Path) -> Segment:
    name = data.word()
    data.skip(16)
    data.word()
    deletions = data.big_endian("q")
    data.skip(4 + 8 + 8 + 4)
    if data.byte():
        data.skip(16)
    data.words()
    for _ in range(data.big_endian("i")):
        data.skip(4)
        data.words()
    if deletions != -1:
        raise InputError(f"{place}: documents have been deleted from the index; build it again without them")
    files = SegmentFiles(directory, name)
    info = files.read(".si", "Lucene90SegmentInfo")
    info.skip(12)
    if info.byte():
        info.skip(12)
    documents, files.compound = info.number("i"), info.byte() != ONE_BY_ONE
    return Segment(documents, files, _read_fields(files))


def _read_fields(files: SegmentFiles) -> dict[str, Field]:
    data = files.read(".fnm", "Lucene94FieldInfos")
    _check_version(data, FIELDS, f"{files.directory / files.name}.fnm")
    fields = {}
    for _ in range(data.short_number()):
        name, number = data.word(), data.short_number()
        data.skip(3 + (data.version >= SKIPPERS) + 8)
        attributes = data.mapping()
        if data.short_number():  # dimensions of a point
            data.short_number()
            data.short_number()
        fields[name] = Field(number, data.short_number(), attributes)
        data.skip(2)
    return fields


def _check_version(data: LuceneData, known: range, place: object) -> None:
    if data.version not in known:
        raise InputError(
            f"{place}: version {data.version} of this file is not known; build the index with Lucene 9 or 10"
        )
