"""Archives unpacked with distrust: plain files and folders only, nothing outside the target, and to the end."""

import bz2
import gzip
import lzma
import shutil
import tarfile
import uuid
import zlib
from pathlib import Path, PurePosixPath
from typing import IO, Any, cast

from pyserini_ltre.errors import InputError

CHUNK = 1 << 20
_OPENERS = {".tar": open, ".tar.gz": gzip.open, ".tgz": gzip.open, ".tar.bz2": bz2.open, ".tar.xz": lzma.open}
ARCHIVES = tuple(_OPENERS)


class _Watched:
    """A stream that knows how long it was, and where its last byte was that is not zero."""

    def __init__(self, stream: IO[bytes]) -> None:
        self.stream = stream
        self.length = self.last_content = 0

    def read(self, size: int) -> bytes:
        chunk = self.stream.read(size)
        content = len(chunk.rstrip(b"\0"))
        if content:
            self.last_content = self.length + content
        self.length += len(chunk)
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
        If a member would lie outside, is a link or a device, or is there twice; or if the archive is damaged.
    """
    opener: Any = next(_OPENERS[end] for end in ARCHIVES if archive.name.lower().endswith(end))
    try:
        with opener(archive, "rb") as stream:
            watched = _Watched(stream)
            # Of a stream, tarfile calls nothing but `read`.
            with tarfile.open(fileobj=cast(IO[bytes], watched), mode="r|") as members:
                for member in members:
                    _unpack_member(members, member, archive, directory)
            while watched.read(CHUNK):
                pass
        # tarfile takes damage between two members for the end; a real end is a block of zeros and nothing after.
        if watched.length < members.offset + tarfile.BLOCKSIZE or watched.last_content > members.offset:
            raise EOFError("no end of the archive")
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


def _unpack_member(members: tarfile.TarFile, member: tarfile.TarInfo, archive: Path, directory: Path) -> None:
    path = PurePosixPath(member.name)
    if path.is_absolute() or ".." in path.parts:
        raise InputError(
            f"{archive}: member {member.name} would lie outside its folder; do not use this archive"
        )
    if not (member.isreg() or member.isdir()):
        kind = "a link" if member.issym() or member.islnk() else "no plain file"
        raise InputError(f"{archive}: member {member.name} is {kind}; do not use this archive")
    target = directory.joinpath(*path.parts)
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
