"""Output that appears whole or not at all: written beside its place, then renamed. And JSON."""

import json
import os
import shutil
import uuid
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import IO, Any, TypeVar, cast

from pyserini_ltre.errors import InputError

T = TypeVar("T")
KINDS: dict[type, str] = {
    dict: "a JSON object",
    list: "a list",
    str: "a text",
    bool: "true or false",
    int: "a whole number",
    float: "a number",
}


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
    path = Path(path).expanduser().absolute()
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
    path.parent.mkdir(parents=True, exist_ok=True)
    partial = path.with_name(f".{path.name}.{uuid.uuid4().hex[:8]}.partial")
    partial.mkdir()
    try:
        yield partial
        replaced = partial.with_suffix(".replaced")
        if path.exists():
            path.rename(replaced)
        partial.rename(path)
        shutil.rmtree(replaced, ignore_errors=True)
    finally:
        shutil.rmtree(partial, ignore_errors=True)


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
    path = Path(path).expanduser().absolute()
    encoding = None if "b" in mode else "utf-8"
    if is_stream(path):
        with open(path, mode, encoding=encoding) as file:
            yield file
        return
    path = path.resolve()
    path.parent.mkdir(parents=True, exist_ok=True)
    partial = path.with_name(f".{path.name}.{uuid.uuid4().hex[:8]}.partial")
    try:
        with open(partial, mode, encoding=encoding) as file:
            yield file
            file.flush()
            os.fsync(file.fileno())
        partial.replace(path)
    finally:
        partial.unlink(missing_ok=True)


def is_stream(path: Path) -> bool:
    """Whether a path is a device or a pipe, which is written to and never replaced."""
    return path.exists() and not path.is_file() and not path.is_dir()


def synchronise(path: Path) -> None:
    """Have the system write a file, or the names in a folder, to the disk: from here on a power cut spares it."""
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


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


def read_json(path: Path, remedy: str = "write it again", kind: type = dict) -> Any:
    """Read a file of one JSON object, or one of another `kind`; an empty one if there is no file.

    An `InputError` says if it is anything else.
    """
    if not path.is_file():
        return kind()
    try:
        text = path.read_text(encoding="utf-8")
    except UnicodeDecodeError:
        raise InputError(f"{path}: not UTF-8 text; {remedy}") from None
    content = parse_json(text, lambda error: f"{path}:{error.lineno}" if error else str(path), remedy)
    if not isinstance(content, kind):
        raise InputError(f"{path}: {_called(content)} where {KINDS[kind]} belongs; {remedy}")
    return content


def json_field(content: Mapping[str, Any], name: str, kind: type[T], place: object) -> T | None:
    """Take a field of a JSON object; None if it is null or not there.

    Parameters
    ----------
    content : dict
        The object.
    name : str
        Of the field.
    kind : {dict, list, str, bool, int, float}
        What it must be; a whole number is a float, too.
    place : object
        The file, for the `InputError` if it is anything else.
    """
    value = content.get(name)
    allowed = (int, float) if kind is float else kind
    if value is None or (isinstance(value, allowed) and (kind is bool or not isinstance(value, bool))):
        return cast(T | None, value)
    raise InputError(f'{place}: "{name}" is {_called(value)} where {KINDS[kind]} belongs; correct it')


def _called(value: object) -> str:
    """What kind of JSON a value is, in words."""
    return KINDS.get(type(value), "null")


def write_json(path: Path, content: Mapping[str, object] | Sequence[object]) -> None:
    """Write indented JSON, whole or not at all."""
    with atomic_file(path) as file:
        file.write(json.dumps(content, indent=2) + "\n")
