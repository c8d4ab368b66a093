"""Text files read line by line, plain or gzipped, with errors that name the file and the line."""

import gzip
import io
import os
import zlib
from collections.abc import Iterator
from math import isfinite
from pathlib import Path
from typing import Any

from pyserini_ltre.errors import InputError
from pyserini_ltre.json_files import parse_json

# Grades and ranks that every program after us can hold.
_LARGEST = 2**31 - 1


def open_bytes(path: str | os.PathLike[str]) -> io.BufferedIOBase:
    """Open a file for reading bytes; one whose name ends in ``.gz`` is unpacked on the way."""
    return gzip.open(path, "rb") if Path(path).suffix == ".gz" else open(path, "rb")


def numbered_lines(path: str | os.PathLike[str]) -> Iterator[tuple[int, str]]:
    """Read a UTF-8 text file, one line at a time, gzipped if its name ends in ``.gz``; blank lines are passed over.

    Yields
    ------
    (int, str)
        The line's number, from 1, and the line without its end.

    Raises
    ------
    InputError
        If there is no such file, it cannot be read, is a damaged or truncated gzip, is not UTF-8, or has no
        line but blank ones.
    """
    blank = True
    number = 0
    try:
        # Bytes, so that a line that is not UTF-8 can be named, and so that lines end at \n only.
        with open_bytes(path) as file:
            for number, raw in enumerate(file, start=1):
                try:
                    line = raw.decode("utf-8-sig" if number == 1 else "utf-8").rstrip("\r\n")
                except UnicodeDecodeError:
                    raise InputError(
                        f"{path}:{number}: not UTF-8; convert the file, e.g. with iconv"
                    ) from None
                if line and not line.isspace():
                    blank = False
                    yield number, line
    except (EOFError, zlib.error, gzip.BadGzipFile) as error:
        fault = "the gzip file is cut off" if isinstance(error, EOFError) else "damaged, or not a gzip file"
        raise InputError(f"{path}:{number + 1}: {fault}; make or download it again") from None
    except OSError as error:
        raise InputError(f"{path}: cannot be read ({error.strerror}); check the path") from None
    if blank:
        raise InputError(f"{path}: the file is empty; make it again, or name another one")


def split_lines(
    path: str | os.PathLike[str], count: int, layout: str, separator: str | None = None
) -> Iterator[tuple[int, list[str]]]:
    """Read the number and the columns of each line, split at white space or at a `separator`.

    Raises
    ------
    InputError
        If there are not `count` columns (`layout` says which are wanted), or as `numbered_lines` does.
    """
    for number, line in numbered_lines(path):
        columns = line.split(separator)
        if len(columns) != count:
            kind = "tab-separated columns" if separator else "columns"
            raise InputError(f"{path}:{number}: {len(columns)} {kind}; write {layout}")
        yield number, columns


def json_lines(path: str | os.PathLike[str]) -> Iterator[tuple[str, dict[str, Any]]]:
    """Read a file of one JSON object a line: ``file:line``, to begin an error message with, and the object.

    Raises
    ------
    InputError
        If a line is anything else, or as `numbered_lines` does.
    """
    for number, line in numbered_lines(path):
        where = f"{path}:{number}"
        record = parse_json(line, where, "write one JSON object a line")
        if not isinstance(record, dict):
            raise InputError(f"{where}: not a JSON object; write one object a line")
        yield where, record


def json_id(record: dict[str, Any], where: str) -> str:
    """Take the id (``_id`` or ``id``) of a JSON record as text; `where` begins the message if it is bad."""
    value = record.get("_id", record.get("id"))
    if isinstance(value, int) and not isinstance(value, bool):
        value = str(value)
    if not isinstance(value, str):
        raise InputError(f'{where}: no id; add "_id" with a text')
    return checked_id(value, where)


def json_text(record: dict[str, Any], name: str, where: str) -> str:
    """Take the text called `name` of a JSON record; missing or null is the empty text."""
    value = record.get(name)
    if value is None:
        return ""
    if not isinstance(value, str):
        raise InputError(f'{where}: "{name}" is not a text; put it in quotation marks')
    return value


def checked_id(text: str, where: str) -> str:
    """Return an id that a TREC file can hold; refuse one that is empty or has white space in it."""
    if len(text.split()) != 1 or text != text.strip():
        raise InputError(
            f"{where}: id {shortened(text)} is empty or has white space, which no TREC file can hold; rename it"
        )
    return text


def whole_number(text: str) -> int | None:
    """Read a grade or a rank: digits, with or without a sign, of at most 32 bits; None for anything else."""
    try:
        number = int(text) if len(text) < 20 and text.isascii() and "_" not in text else None
    except ValueError:
        return None
    return number if number is not None and abs(number) <= _LARGEST else None


def finite_number(text: str) -> float | None:
    """Read a score; None for what is no number, or not finite."""
    try:
        number = float(text)
    except ValueError:
        return None
    # Python would also take 1_0, and the digits of every script.
    return number if isfinite(number) and text.isascii() and "_" not in text else None


def shortened(text: str) -> str:
    """Quote what somebody wrote, for a message: its beginning if it is long."""
    return repr(text if len(text) <= 40 else f"{text[:40]}...")
