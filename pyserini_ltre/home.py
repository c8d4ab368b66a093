"""The user's folder: where it is, and blocks that one process of its owner enters at a time."""

import fcntl
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from pyserini_ltre.errors import InputError, system_explained
from pyserini_ltre.files import expanded, is_possible


def home() -> Path:
    """Tell the folder of the user's own registry; it need not exist.

    It is `$PYSERINI_LTRE_HOME`, or else the folder `pyserini_ltre` beside Pyserini's cache.

    Raises
    ------
    InputError
        If it cannot be a folder: a file, a path that is not absolute, or no home directory is known.
    """
    own = os.environ.get("PYSERINI_LTRE_HOME")
    folder = expanded(own) if own else pyserini_cache().parent / "pyserini_ltre"
    with system_explained():
        if not folder.is_absolute() or not is_possible(folder) or (folder.exists() and not folder.is_dir()):
            raise InputError(
                f"PYSERINI_LTRE_HOME {own or folder}: has to be the full path of a folder; set it to one of yours"
            )
    return folder


def pyserini_cache() -> Path:
    """Tell the folder in which Pyserini keeps what it downloads; it need not exist."""
    folder = expanded(os.environ.get("PYSERINI_CACHE") or "~/.cache/pyserini")
    if folder.parts[:1] == ("~",):
        raise InputError("no home directory is known; set HOME, or PYSERINI_LTRE_HOME and PYSERINI_CACHE")
    return folder.absolute()


@contextmanager
def locked(name: str) -> Iterator[None]:
    """Wait until no other process is in a block of the same name, part of a file name, then enter."""
    folder = home() / ".locks"
    try:
        folder.mkdir(parents=True, exist_ok=True)
        # The file stays: removing it while somebody waits for it would let two in.
        file = open(folder / name, "w", encoding="utf-8")  # noqa: SIM115 - closed below
    except OSError as error:
        raise InputError(
            f"{folder}: cannot be written to ({error.strerror}); set PYSERINI_LTRE_HOME to a folder of yours"
        ) from None
    with file:
        fcntl.flock(file, fcntl.LOCK_EX)
        yield
