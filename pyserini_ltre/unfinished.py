"""Output on its way: beside its place, locked while it is written, so that what a killed process left is recognised."""

import errno
import fcntl
import glob
import os
import re
import shutil
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

# After the name of the output: while it is written, and what it is about to replace.
_OURS = re.compile(r"\.[0-9a-f]{8}\.(partial|replaced)")


@contextmanager
def unfinished(path: Path, directory: bool = False) -> Iterator[Path]:
    """Make an empty file or directory to write an output into, and remove it at the end if it is still there.

    What killed processes have left of the same output goes first; what others are writing at this moment stays.

    Parameters
    ----------
    path : Path
        Where the output is to stand; its folder is made if need be.
    directory : bool
        Whether it is a directory.

    Yields
    ------
    Path
        A place beside `path`, to be renamed to `path` in the end.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    _remove_leftovers(path)
    partial, descriptor = _made(path, directory)
    try:
        yield partial
    finally:
        _remove(partial)
        if descriptor is not None:
            os.close(descriptor)


def _made(path: Path, directory: bool) -> tuple[Path, int | None]:
    """Make an empty file or directory beside a path, and lock it (None: the file system has no locks).

    Between the two it looks like what a killed process has left, and somebody else may remove it: then once more.
    """
    while True:
        partial = path.with_name(f".{path.name}.{uuid.uuid4().hex[:8]}.partial")
        if directory:
            partial.mkdir()
        else:
            partial.touch(exist_ok=False)
        descriptor = _lock(partial, wait=True)
        if partial.exists():
            return partial, descriptor
        if descriptor is not None:
            os.close(descriptor)


def put_in_place(partial: Path, path: Path) -> None:
    """Give an output its name, once all of it is on the disk: kills and power cuts leave the old one or the new one.

    A directory that is there is moved away for a moment; `unfinished` brings it back if the process is killed then.
    """
    if partial.is_dir():
        for inner in partial.rglob("*"):
            synchronise(inner)
        replaced = partial.with_suffix(".replaced")
        if path.exists():
            path.rename(replaced)
        partial.rename(path)
        _remove(replaced)
    else:
        partial.replace(path)
    synchronise(path.parent)


def synchronise(path: Path) -> None:
    """Have the system write a file, or the names in a folder, to the disk: from here on a power cut spares it."""
    try:
        descriptor = os.open(path, os.O_RDONLY)
    except OSError as error:
        if error.errno in (
            errno.ENOENT,
            errno.EACCES,
            errno.ELOOP,
        ):  # a link to nothing; may be written, not read
            return
        raise
    try:
        os.fsync(descriptor)
    except OSError as error:
        if error.errno not in (errno.EINVAL, errno.ENOTSUP):  # a file system that knows no such thing
            raise
    finally:
        os.close(descriptor)


def _remove_leftovers(path: Path) -> None:
    """Remove what killed processes have left of an output; bring back what one had moved away."""
    start = f".{path.name}"
    found = path.parent.glob(f"{glob.escape(start)}.*")
    for left in sorted(left for left in found if _OURS.fullmatch(left.name.removeprefix(start))):
        partial = left.with_suffix(".partial")
        descriptor = _lock(partial)
        if descriptor is None and partial.exists():
            continue  # somebody is writing it
        if left != partial and not path.exists():
            left.rename(path)
        _remove(left)
        if descriptor is not None:
            os.close(descriptor)


def _lock(place: Path, wait: bool = False) -> int | None:
    """Lock a file or directory; None if another has it and one does not wait, or the file system has no locks."""
    try:
        descriptor = os.open(place, os.O_RDONLY)
    except OSError:
        return None
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | (0 if wait else fcntl.LOCK_NB))
    except OSError:
        os.close(descriptor)
        return None
    return descriptor


@contextmanager
def locked(place: Path) -> Iterator[bool]:
    """Lock a file or directory for a block, without waiting; gives whether this process has got it.

    Where the file system has no locks, nobody gets it.
    """
    descriptor = _lock(place)
    try:
        yield descriptor is not None
    finally:
        if descriptor is not None:
            os.close(descriptor)


def _remove(place: Path) -> None:
    if place.is_dir() and not place.is_symlink():
        shutil.rmtree(place, ignore_errors=True)
    else:
        place.unlink(missing_ok=True)
