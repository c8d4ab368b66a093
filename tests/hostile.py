"""What nobody meant to write: damaged files for property tests, and what is demanded of those who read them."""

import json
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from hypothesis import HealthCheck, settings
from hypothesis import strategies as st

from pyserini_ltre.errors import InputError

# The usual one is part of every test run and tries the same inputs each time; `pytest --hypothesis-profile long` tries
# new ones, thirty times as many.
SETTINGS = {
    "deadline": None,
    "database": None,
    "suppress_health_check": [HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
}
settings.register_profile("usual", max_examples=15, derandomize=True, **SETTINGS)
settings.register_profile("long", max_examples=500, **SETTINGS)

ODD_TEXT = [
    "",
    " ",
    "\0",
    "a\0b",
    "a\tb",
    "a\nb",
    "\x1b[2J",
    "..",
    "../../x",
    "/etc/passwd",
    "NaN",
    "-inf",
    "1e308",
    "1e999",
    "9" * 20,
    "9" * 5000,
    "http://[",
    "\ufeff",
    "\u2028",
    "é" * 300,
]
# As JSON texts, since not all of it can be made from Python's objects.
ODD_JSON = [
    "null",
    "true",
    "[]",
    "{}",
    "[[]]",
    '{"a": {}}',
    "0",
    "-1",
    "1e999",
    "NaN",
    "1000000",
    "9" * 20,
    "9" * 5000,
    "[" * 3000 + "]" * 3000,
    '"\\ud800"',
    *(json.dumps(text) for text in ODD_TEXT),
]
ODD_BYTES = [
    b"\0",
    b"\xff\xfe",
    b"\xef\xbb\xbf",
    b"\r\n",
    b"\r",
    b"\n\n",
    b"\t",
    b"\x1b[31m",
    b"\xed\xa0\x80",
    b"NaN",
    b"inf",
    b"-1",
    b"9" * 20,
    b"9" * 5000,
    b'"',
    b"[",
    b"{",
]


@st.composite
def damaged(draw: st.DrawFn, whole: bytes) -> bytes:
    """A file's content with one to three faults: cut off, emptied, bytes changed, taken out, put in or repeated."""
    content = bytearray(whole)
    for _ in range(draw(st.integers(1, 3))):
        start = draw(st.integers(0, len(content)))
        end = min(len(content), start + draw(st.sampled_from([1, 2, 8, 64, 100_000])))
        match draw(st.sampled_from(["cut", "take out", "change", "put in", "repeat"])):
            case "cut":
                del content[start:]
            case "take out":
                del content[start:end]
            case "change":
                content[start:end] = draw(st.binary(max_size=min(16, end - start)))
            case "put in":
                content[start:start] = draw(st.sampled_from(ODD_BYTES) | st.binary(max_size=16))
            case "repeat":
                content[start:start] = content[start:end]
    return bytes(content)


@st.composite
def damaged_json(draw: st.DrawFn, whole: Any) -> bytes:
    """JSON with one to three faults in its structure: values of other kinds, keys that are gone, renamed or new."""
    content = json.loads(json.dumps(whole))
    odd: dict[str, str] = {}
    for count in range(draw(st.integers(1, 3))):
        mark = f"\0odd{count}"
        odd[json.dumps(mark)] = draw(st.sampled_from(ODD_JSON))
        content = _with_fault(draw, content, mark)
    text = json.dumps(content)
    for mark, value in odd.items():
        text = text.replace(mark, value)
    return text.encode("utf-8", "surrogatepass")


def _with_fault(draw: st.DrawFn, content: Any, mark: str) -> Any:
    if not isinstance(content, dict | list) or not content or draw(st.integers(0, 9)) == 0:
        return mark
    keys = list(content) if isinstance(content, dict) else list(range(len(content)))
    key = draw(st.sampled_from(keys))
    match draw(st.sampled_from(["deeper", "deeper", "replace", "take out", "rename"])):
        case "deeper":
            content[key] = _with_fault(draw, content[key], mark)
        case "replace":
            content[key] = mark
        case "take out":
            del content[key]
        case "rename" if isinstance(content, dict):
            content[draw(st.sampled_from(ODD_TEXT))] = content.pop(key)
        case "rename":
            content.append(content[key])
    return content


@contextmanager
def explained(folder: Path) -> Iterator[None]:
    """Demand that a block succeeds or says in one line what is wrong, and changes nothing in a folder of inputs."""
    before = snapshot(folder)
    try:
        yield
    except InputError as error:
        message = str(error)
        assert message.strip(), "an error without a word"
        assert "\n" not in message and "\x1b" not in message, f"not one plain line: {message!r}"
    assert snapshot(folder) == before, "the inputs were changed"


def snapshot(folder: Path) -> dict[str, bytes | None]:
    """What is in a folder: the content of each file, None for a directory."""
    return {
        str(path.relative_to(folder)): path.read_bytes() if path.is_file() else None
        for path in sorted(folder.rglob("*"))
    }
