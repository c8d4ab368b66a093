"""Output that appears whole or not at all: written beside its place, then renamed. And JSON."""

import json
import os
from collections.abc import Callable, Iterator, Mapping, Sequence
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


def parse_json(
    text: str, place: str | Callable[[json.JSONDecodeError | None], str], remedy: str, **options: Any
) -> Any:
    """Read JSON from a text that anybody may have written.

    Parameters
    ----------
    text : str
        What should be JSON.
    place : str or callable
        Says where a fault is, to begin the message with: given the error, or None if it is of the whole text.
    remedy : str
        Ends the message.
    **options
        Of `json.loads`.

    Raises
    ------
    InputError
        If it is not JSON, too deep or with numbers too long for Python, or holds half a character (a lone surrogate),
        which no file could take.
    """

    def at(error: json.JSONDecodeError | None) -> str:
        return place if isinstance(place, str) else place(error)

    try:
        content = json.loads(text, **options)
    except json.JSONDecodeError as error:
        raise InputError(f"{at(error)}: not JSON ({error.msg}, column {error.colno}); {remedy}") from None
    except RecursionError:
        raise InputError(f"{at(None)}: JSON nested too deep; {remedy}") from None
    except ValueError:
        raise InputError(f"{at(None)}: a number of too many digits; {remedy}") from None
    # Only an escape can make one; most texts have none.
    if "\\u" in text:
        try:
            json.dumps(content, ensure_ascii=False).encode()
        except UnicodeEncodeError:
            raise InputError(f"{at(None)}: half of a character (a lone surrogate); {remedy}") from None
    return content


def read_json(path: Path, remedy: str = "write it again") -> Any:
    """Read a JSON file; an empty dictionary if there is none. An `InputError` says if it is anything else."""
    if not path.is_file():
        return {}
    return parse_json(
        read_text(path, remedy), lambda error: f"{path}:{error.lineno}" if error else str(path), remedy
    )


def read_text(path: Path, remedy: str) -> str:
    """Read a text file; an `InputError` that ends with the remedy says if it is not UTF-8."""
    try:
        return path.read_text(encoding="utf-8")
    except UnicodeDecodeError:
        raise InputError(f"{path}: not UTF-8 text; {remedy}") from None


def write_json(path: Path, content: Mapping[str, object] | Sequence[object]) -> None:
    """Write indented JSON, whole or not at all."""
    with atomic_file(path) as file:
        file.write(json.dumps(content, indent=2) + "\n")
