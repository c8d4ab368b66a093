"""Archives unpacked with distrust: plain files and folders only, nothing outside the target, and to the end."""

import bz2
import gzip
import lzma
import shutil
import tarfile
import uuid
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path, PurePosixPath
from typing import IO, Any, cast

from pyserini_ltre.errors import InputError
from pyserini_ltre.files import is_possible

CHUNK = 1 << 20
# An index of text compresses to a tenth, one of vectors hardly at all; an archive of small files is mostly padding.
LARGEST_RATIO, SMALL = 100, 1 << 24
# A directory of an index or a model has tens of files.
MOST_MEMBERS = 100_000
# More than any header of a member, which tarfile reads into memory.
LONGEST_HEADER = 1 << 20
_OPENERS = {".tar": open, ".tar.gz": gzip.open, ".tgz": gzip.open, ".tar.bz2": bz2.open, ".tar.xz": lzma.open}
ARCHIVES = tuple(_OPENERS)


class _Watched:
    """A stream with limits, which knows how long it was, and where its last byte was that is not zero."""

    def __init__(self, stream: IO[bytes], archive: Path, limit: int) -> None:
        self.stream, self.archive, self.limit = stream, archive, limit
        self.length = self.last_content = 0
        self.expected = LONGEST_HEADER

    def expect(self, size: int) -> None:
        """Take no more than so many bytes, and a header, before the next call."""
        self.expected = self.length + size + LONGEST_HEADER

    def read(self, size: int) -> bytes:
        chunk = self.stream.read(size)
        content = len(chunk.rstrip(b"\0"))
        if content:
            self.last_content = self.length + content
        self.length += len(chunk)
        if self.length > self.limit:
            raise InputError(
                f"{self.archive}: more than {self.limit} bytes would come out of it, {LARGEST_RATIO} times its own "
                "size or all that is free on the disk; do not use this archive, or free some"
            )
        if self.length > self.expected:
            raise InputError(
                f"{self.archive}: a header of more than {LONGEST_HEADER} bytes; do not use this archive"
            )
        return chunk


def is_archive(name: str) -> bool:
    """Tell from its name whether a file is an archive that `unpack` takes."""
    return name.lower().endswith(ARCHIVES)


def unpack(archive: Path, directory: Path) -> None:
    """Unpack a tar archive into an existing empty directory; if all of it is in one folder, what that holds.

    After an error the directory holds a part and is to be removed.

    Raises
    ------
    InputError
        If a member would lie outside, is a link or a device, or is there twice; if it would become too much, beside the
        archive or for the disk; or if the archive is damaged.
    """
    opener: Any = next(_OPENERS[end] for end in ARCHIVES if archive.name.lower().endswith(end))
    largest = max(SMALL, LARGEST_RATIO * archive.stat().st_size)
    limit = min(largest, shutil.disk_usage(directory).free)
    try:
        with opener(archive, "rb") as stream:
            watched = _Watched(stream, archive, limit)
            for number, (members, member) in enumerate(_members(watched)):
                if number == MOST_MEMBERS:
                    raise InputError(f"{archive}: more than {MOST_MEMBERS} members; do not use this archive")
                watched.expect(member.size)
                _unpack_member(members, member, archive, directory)
                watched.expect(0)
    except (tarfile.TarError, EOFError, zlib.error, lzma.LZMAError, OSError) as error:
        if getattr(error, "errno", None) is not None:
            raise
        raise InputError(f"{archive}: damaged or cut off ({error}); remove it, and make it again") from None
    inside = list(directory.iterdir())
    if not inside:
        raise InputError(f"{archive}: the archive is empty; correct the entry")
    if len(inside) == 1 and inside[0].is_dir():
        # Another name first: the folder may hold something that has its name.
        folder = inside[0].rename(directory / f".{uuid.uuid4().hex}")
        for path in folder.iterdir():
            path.rename(directory / path.name)
        folder.rmdir()


def _members(stream: _Watched) -> Iterator[tuple[tarfile.TarFile, tarfile.TarInfo]]:
    """Read one header after the other, remembering none."""
    with _header():
        # Of a stream, tarfile calls nothing but `read`; opening reads the first header.
        members = tarfile.open(fileobj=cast(IO[bytes], stream), mode="r|")  # noqa: SIM115 - nothing to close
    while True:
        with _header():
            member = members.next()
        if member is None:
            break
        members.members.clear()  # type: ignore[attr-defined]
        yield members, member
    # tarfile takes damage between two members for the end; a real end is a block of zeros and nothing after.
    stream.expect(stream.limit)
    while stream.read(CHUNK):
        pass
    if stream.length < members.offset + tarfile.BLOCKSIZE or stream.last_content > members.offset:
        raise EOFError("no end of the archive")


@contextmanager
def _header() -> Iterator[None]:
    """Have numbers, names and positions that are none, and headers of headers, be what they are: damage."""
    try:
        yield
    except InputError:
        raise
    except (ValueError, LookupError, OverflowError, RecursionError) as error:
        raise tarfile.HeaderError(str(error)) from None


def _unpack_member(members: tarfile.TarFile, member: tarfile.TarInfo, archive: Path, directory: Path) -> None:
    path = PurePosixPath(member.name)
    if path.is_absolute() or ".." in path.parts:
        raise InputError(
            f"{archive}: member {member.name} would lie outside its folder; do not use this archive"
        )
    if not (member.isreg() or member.isdir()) or member.issparse():
        kind = "a link" if member.issym() or member.islnk() else "no plain file"
        raise InputError(f"{archive}: member {member.name} is {kind}; do not use this archive")
    target = directory.joinpath(*path.parts)
    if not is_possible(target) or not (path.parts or member.isdir()):
        raise InputError(
            f"{archive}: member {member.name} has a name that no file can have; do not use this archive"
        )
    try:
        if member.isdir():
            target.mkdir(parents=True, exist_ok=True)
            return
        target.parent.mkdir(parents=True, exist_ok=True)
        content = members.extractfile(member)
        assert content is not None  # it is a plain file
        with content as source, open(target, "xb") as file:
            shutil.copyfileobj(source, file, CHUNK)
    except (FileExistsError, NotADirectoryError):
        raise InputError(f"{archive}: member {member.name} is there twice; do not use this archive") from None
