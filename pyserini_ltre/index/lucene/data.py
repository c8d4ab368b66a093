"""Numbers, words and headers as Lucene 9 writes them."""

import struct
import zlib

from pyserini_ltre.errors import InputError

MAGIC, FOOTER_MAGIC = 0x3FD76C17, 0xC02893E8
FOOTER_BYTES = 16
ID_BYTES = 16


class LuceneData:
    """Reads the bytes of one of Lucene's files from front to back.

    Parameters
    ----------
    content : bytes-like
        All of the file, or of its part of a compound file.
    codec : str
        What its header must name.
    place : object
        The file, for messages.

    Attributes
    ----------
    version : int
        The version in the header.

    Raises
    ------
    InputError
        If it is of another kind, or its checksum says that it is damaged.
    """

    def __init__(self, content: bytes | memoryview, codec: str, place: object) -> None:
        self.content = memoryview(content)
        self.place = 0
        found = self.big_endian("I"), self.word() if len(content) > FOOTER_BYTES else ""
        if found != (MAGIC, codec):
            raise InputError(f"{place}: not {codec} of Lucene; build the index again")
        self.version = self.big_endian("i")
        self.skip(ID_BYTES)
        self.skip(self.byte())
        magic, _, checksum = struct.unpack(">IIQ", self.content[-FOOTER_BYTES:])
        if magic != FOOTER_MAGIC or zlib.crc32(self.content[:-8]) != checksum:
            raise InputError(f"{place}: damaged, its checksum is another; build the index again")

    def skip(self, count: int) -> None:
        """Go on behind some bytes."""
        self.place += count

    def byte(self) -> int:
        """Read a byte, 0 to 255."""
        self.place += 1
        return self.content[self.place - 1]

    def big_endian(self, kind: str) -> int:
        """Read a number of one of `struct`'s kinds as headers and `segments_N` have it."""
        return int(self._number(f">{kind}"))

    def number(self, kind: str) -> int:
        """Read a number of one of `struct`'s kinds as everything else has it."""
        return int(self._number(f"<{kind}"))

    def real(self) -> float:
        """Read a float of four bytes."""
        return self._number("<f")

    def short_number(self) -> int:
        """Read a number of as many bytes as it needs (a VInt or VLong)."""
        value = shift = 0
        while True:
            byte = self.byte()
            value |= (byte & 0x7F) << shift
            if byte < 0x80:
                return value
            shift += 7

    def word(self) -> str:
        """Read a text behind its length."""
        length = self.short_number()
        self.place += length
        return str(self.content[self.place - length : self.place], "utf-8")

    def words(self) -> list[str]:
        """Read texts behind their number: a set; of a map, twice as many."""
        return [self.word() for _ in range(self.short_number())]

    def mapping(self) -> dict[str, str]:
        """Read keys with their values."""
        return {self.word(): self.word() for _ in range(self.short_number())}

    def _number(self, kind: str) -> float:
        self.place += struct.calcsize(kind)
        value: float = struct.unpack_from(kind, self.content, self.place - struct.calcsize(kind))[0]
        return value
