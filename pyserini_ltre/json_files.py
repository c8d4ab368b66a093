"""JSON that anybody may have written: read, and checked for the kinds of values that somebody relies on."""

import json
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any, TypeAlias, TypeVar, cast

from pyserini_ltre.errors import InputError
from pyserini_ltre.files import atomic_file

T = TypeVar("T")
Shape: TypeAlias = "type | list[Any] | dict[Any, Any]"
KINDS: dict[type, str] = {
    dict: "a JSON object",
    list: "a list",
    str: "a text",
    bool: "true or false",
    int: "a whole number",
    float: "a finite number",
}
# What every integer and every number has to stay under, so that nobody who computes with it is surprised.
_LARGEST = {int: 2**63, float: 1e300}


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
    content = parse_json(
        read_text(path, remedy), lambda error: f"{path}:{error.lineno}" if error else str(path), remedy
    )
    if not isinstance(content, kind):
        raise InputError(f"{path}: {_called(content)} where {KINDS[kind]} belongs; {remedy}")
    return content


def read_text(path: Path, remedy: str) -> str:
    """Read a text file; an `InputError` that ends with the remedy says if it is not UTF-8."""
    try:
        return path.read_text(encoding="utf-8")
    except UnicodeDecodeError:
        raise InputError(f"{path}: not UTF-8 text; {remedy}") from None


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


def check_shape(content: Any, shape: Shape, file: Path | str, remedy: str) -> None:
    """Refuse what was read from a JSON file if it is not of a shape.

    Parameters
    ----------
    content : object
        What `read_json` gave.
    shape : type, list or dict
        `str`, `int`, `float` (a finite number) or `dict` (any object); a list with the shape of all its elements; an
        object with the shape of each key, where a ``?`` after a key says that it may be missing and other keys may be
        there; or `{str: shape}`, the shape of all values.
    file : Path or str
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
        return f"{where} has to be {KINDS[kind]}"
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
