"""JSON of the shape that somebody relies on: other kinds of values are named, with the place where they stand."""

from pathlib import Path
from typing import Any, TypeAlias

from pyserini_ltre.errors import InputError

Shape: TypeAlias = "type | list[Any] | dict[Any, Any]"
_KINDS = {str: "text", int: "an integer", float: "a finite number", dict: "an object"}
# What every integer and every number has to stay under, so that nobody who computes with it is surprised.
_LARGEST = {int: 2**63, float: 1e300}


def check_shape(content: Any, shape: Shape, file: Path, remedy: str) -> None:
    """Refuse what was read from a JSON file if it is not of a shape.

    Parameters
    ----------
    content : object
        What `files.read_json` gave.
    shape : type, list or dict
        `str`, `int`, `float` (a finite number) or `dict` (any object); a list with the shape of all its elements; an
        object with the shape of each key, where a ``?`` after a key says that it may be missing and other keys may be
        there; or `{str: shape}`, the shape of all values.
    file : Path
        Begins the message.
    remedy : str
        Ends the message.

    Raises
    ------
    InputError
        If it is not: the first place that is otherwise is named.
    """
    fault = _fault(content, shape, ())
    if fault:
        raise InputError(f"{file}: {fault}; {remedy}")


def _fault(value: Any, shape: Shape, above: tuple[str, ...]) -> str | None:
    """What is wrong, and where."""
    where = " / ".join(above) or "the file"
    kind: Any = shape if isinstance(shape, type) else type(shape)
    if not _is(value, kind):
        return f"{where} has to be {'a list' if kind is list else _KINDS[kind]}"
    parts: list[tuple[Any, Any, str]] = []
    if isinstance(shape, list):
        parts = [(element, shape[0], f"number {number}") for number, element in enumerate(value, 1)]
    elif isinstance(shape, dict) and str in shape:
        parts = [(element, shape[str], key) for key, element in value.items()]
    elif isinstance(shape, dict):
        for key, of_key in shape.items():
            name = key.removesuffix("?")
            if name in value:
                parts.append((value[name], of_key, name))
            elif name == key:
                return f"{where} lacks {name!r}"
    return next(filter(None, (_fault(*part[:2], (*above, part[2])) for part in parts)), None)


def _is(value: Any, kind: type) -> bool:
    if kind not in _LARGEST:
        return isinstance(value, kind)
    number = isinstance(value, int | float if kind is float else int) and not isinstance(value, bool)
    return number and -_LARGEST[kind] < value < _LARGEST[kind]
