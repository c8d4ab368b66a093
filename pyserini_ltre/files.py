"""Paths, and output that appears whole or not at all: written beside its place, then renamed."""

import os
import re
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO, Any

from pyserini_ltre.errors import InputError
from pyserini_ltre.unfinished import put_in_place, unfinished

# In bytes. The system takes a few more of a path, which leaves room for the names in a folder.
LONGEST_PATH, LONGEST_NAME = 3500, 255


def expanded(path: str | os.PathLike[str]) -> Path:
    """Put the home directory in place of a ``~``; as in a shell, one that means nobody's stays as it is."""
    return Path(os.path.expanduser(path))


def is_url(place: object) -> bool:
    """Whether what was given is a URL, chained ones as fsspec takes them included; every `Path` is a path."""
    return isinstance(place, str) and re.match(r"[A-Za-z][A-Za-z0-9+.-]*(://|::)", place) is not None


def is_possible(path: Path) -> bool:
    """Whether the system takes a path: no NUL and no half character in it, and not too long."""
    try:
        name = os.fsencode(path)
    except UnicodeEncodeError:
        return False
    return b"\0" not in name and len(name) < LONGEST_PATH and max(map(len, name.split(b"/"))) <= LONGEST_NAME


def check_output_directory(path: str | os.PathLike[str], overwrite: bool = False) -> Path:
    """Check, before any work is done, that an output directory may be written.

    Parameters
    ----------
    path : path
        Directory that the command is going to make.
    overwrite : bool
        Whether a directory that is not empty may be replaced.

    Returns
    -------
    Path
        The absolute path.

    Raises
    ------
    InputError
        If it is a file, is not empty (without `overwrite`), or holds the current or the home directory.
    """
    path = expanded(path).absolute()
    if path.exists() and not path.is_dir():
        raise InputError(f"{path} is a file; name a directory for the output")
    if path.is_dir() and any(path.iterdir()):
        if not overwrite:
            raise InputError(f"{path} is not empty; name another directory, or add `overwrite` to replace it")
        for kept in (Path.cwd(), Path.home()):
            if kept.resolve().is_relative_to(path.resolve()):
                raise InputError(f"{path} holds {kept} and will not be replaced; name another directory")
    return path


@contextmanager
def atomic_directory(path: str | os.PathLike[str], overwrite: bool = False) -> Iterator[Path]:
    """Fill a new directory that takes its place only when the block ends without an error.

    Parameters
    ----------
    path : path
        Where the directory is to stand.
    overwrite : bool
        Whether a directory that is not empty may be replaced.

    Yields
    ------
    Path
        A directory beside `path` to write into.
    """
    path = check_output_directory(path, overwrite).resolve()
    with unfinished(path, directory=True) as partial:
        yield partial
        put_in_place(partial, path)


@contextmanager
def atomic_file(path: str | os.PathLike[str], mode: str = "w") -> Iterator[IO[Any]]:
    """Open a file for writing that takes its place only when the block ends without an error.

    Through a link it is written to where that points; to a device or a pipe, directly.

    Parameters
    ----------
    path : path
        Where the file is to stand; its folder is made if need be.
    mode : {"w", "wb"}
        Text (UTF-8) or bytes.

    Yields
    ------
    file
        An open file beside `path`.
    """
    path = expanded(path).absolute()
    encoding = None if "b" in mode else "utf-8"
    if is_stream(path):
        with open(path, mode, encoding=encoding) as file:
            yield file
        return
    path = path.resolve()
    with unfinished(path) as partial:
        with open(partial, mode, encoding=encoding) as file:
            yield file
            file.flush()
            os.fsync(file.fileno())
        put_in_place(partial, path)


def is_stream(path: Path) -> bool:
    """Whether a path is a device or a pipe, which is written to and never replaced."""
    return path.exists() and not path.is_file() and not path.is_dir()
