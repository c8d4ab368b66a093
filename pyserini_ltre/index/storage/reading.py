"""A file at a URL that fsspec knows, read piece by piece: in bounded time, and each fault in one line."""

import queue
import threading
from collections.abc import Iterator
from typing import Any

from pyserini_ltre.errors import InputError, reason

# Seconds in which nothing comes, after which nobody waits any longer; bytes that are asked for at a time, and how many
# of these pieces may wait to be taken.
STALLED = 60.0
PIECE = 2**22
AHEAD = 4
# Faults in a row between which nothing came.
FRUITLESS = 3


class OtherContent(InputError):
    """What lies there is not what it should be: whoever asks gets the same."""


def pieces(folder: str, name: str) -> Iterator[bytes]:
    """Read a file; where the connection breaks, go on from there.

    It is read in a thread: what hangs there, in a library of which we know nothing, is left behind.

    Parameters
    ----------
    folder : str
        URL of a folder, as fsspec takes it, chained ones (``simplecache::s3://...``) included.
    name : str
        Path of a file in that folder.

    Yields
    ------
    bytes
        One piece after the other.

    Raises
    ------
    InputError
        If it is not there, what reads such URLs is not installed, nobody may read it, or nothing comes any more.
    """
    read = fruitless = 0
    while True:
        before = read
        given_up = threading.Event()
        arriving: queue.Queue[bytes | Exception | None] = queue.Queue(AHEAD)
        threading.Thread(target=_read, args=(folder, name, read, arriving, given_up), daemon=True).start()
        try:
            while isinstance(piece := arriving.get(timeout=STALLED), bytes):
                yield piece
                read += len(piece)
        except queue.Empty:
            raise InputError(
                f"{folder}/{name}: nothing came within {STALLED:.0f} s; look into the network, and run it again"
            ) from None
        finally:
            given_up.set()
        if piece is None:
            return
        fruitless = fruitless + 1 if read == before else 1
        _explain(f"{folder}/{name}", piece, final=fruitless == FRUITLESS)


def _read(folder: str, name: str, start: int, arriving: Any, given_up: threading.Event) -> None:
    """Read from a byte on, until somebody has given up; whatever goes wrong is handed over, too."""
    try:
        from fsspec.core import url_to_fs

        system, path = url_to_fs(folder)
        with system.open(f"{path.rstrip('/')}/{name}", "rb", block_size=PIECE) as file:
            if start:
                file.seek(start)
            while piece := file.read(PIECE):
                if not _handed_over(piece, arriving, given_up):
                    return
        _handed_over(None, arriving, given_up)
    except Exception as error:  # of whatever library reads there
        _handed_over(error, arriving, given_up)


def _handed_over(what: bytes | Exception | None, arriving: Any, given_up: threading.Event) -> bool:
    while not given_up.is_set():
        try:
            arriving.put(what, timeout=1)
        except queue.Full:
            continue
        return True
    return False


def _explain(url: str, error: Exception, final: bool) -> None:
    """Raise what a person can mend; a fault that may pass only if it is the final one."""
    if isinstance(error, ImportError):
        raise InputError(f"{url}: {reason(error)}; install that on every machine that reads it") from None
    if isinstance(error, FileNotFoundError | NotADirectoryError | IsADirectoryError):
        raise InputError(
            f"{url}: no such file; give the URL of a sharded index (python -m pyserini_ltre.index shard)"
        ) from None
    if isinstance(error, PermissionError):
        raise InputError(f"{url}: may not be read ({reason(error)}); look into the credentials") from None
    if isinstance(error, ValueError | TypeError):  # a protocol that is none, options that are none
        raise InputError(f"{url}: cannot be read ({reason(error)}); correct the URL") from None
    if final:
        raise InputError(
            f"{url}: cannot be read ({reason(error)}); look into network and credentials, and run it again"
        ) from None
