"""The files of a segment: one by one in the directory, or together in a compound file."""

import mmap
from dataclasses import dataclass, field
from pathlib import Path

from pyserini_ltre.errors import InputError
from pyserini_ltre.index.lucene.data import LuceneData


@dataclass(frozen=True)
class Extent:
    """Where the bytes of a file are: part of a file, memory-mapped as a whole."""

    path: Path
    offset: int
    length: int


@dataclass
class SegmentFiles:
    """The files of the segment called `name` in a directory; `compound` if they are in one file, its ``.cfs``."""

    directory: Path
    name: str
    compound: bool = False
    _entries: dict[str, Extent] = field(default_factory=dict)

    def extent(self, suffix: str) -> Extent:
        """Find the file that ends in a suffix such as ``.fnm`` or ``_Lucene90_0.dvd``."""
        path = self.directory / f"{self.name}{suffix}"
        if not self.compound:
            if not path.is_file():
                raise InputError(f"{path}: no such file; the index is incomplete: build or copy it again")
            return Extent(path, 0, path.stat().st_size)
        if suffix not in self._entries:
            self._entries.update(self._compound_entries())
        if suffix not in self._entries:
            raise InputError(f"{self.directory / self.name}.cfs: has no {suffix}; build the index again")
        return self._entries[suffix]

    def read(self, suffix: str, codec: str) -> LuceneData:
        """Open a file that is read from front to back; its header must name the codec."""
        extent = self.extent(suffix)
        place = self.directory / f"{self.name}{suffix}"
        return LuceneData(mapped(extent), codec, place)

    def _compound_entries(self) -> dict[str, Extent]:
        container = self.directory / f"{self.name}.cfs"
        table = LuceneData(
            (self.directory / f"{self.name}.cfe").read_bytes(),
            "Lucene90CompoundEntries",
            f"{self.name}.cfe",
        )
        names = range(table.short_number())
        return {table.word(): Extent(container, table.number("q"), table.number("q")) for _ in names}


def mapped(extent: Extent) -> memoryview:
    """The bytes of a file, read from the disk as they are used; what is written to them stays in memory."""
    with open(extent.path, "rb") as file:
        size = extent.path.stat().st_size
        if min(extent.offset, extent.length - 1) < 0 or size < extent.offset + extent.length:
            raise InputError(f"{extent.path}: cut off; build or copy the index again")
        whole = memoryview(mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_COPY))
    return whole[extent.offset : extent.offset + extent.length]
