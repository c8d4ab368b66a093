"""One process at a time in a folder that several may write."""

import fcntl
from collections.abc import Iterator
from contextlib import contextmanager

from pyserini_ltre.registry.places import home


@contextmanager
def locked(name: str) -> Iterator[None]:
    """Wait until no other process is in a block of the same name, then enter.

    Parameters
    ----------
    name : str
        What is going to be written, as part of a file name.
    """
    folder = home() / ".locks"
    folder.mkdir(parents=True, exist_ok=True)
    # The file stays: removing it while somebody waits for it would let two in.
    with open(folder / name, "w", encoding="utf-8") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        yield
