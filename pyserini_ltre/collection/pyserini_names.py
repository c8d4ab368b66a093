"""Topics and judgements that Pyserini knows by name: a thin adapter over `pyserini.search`.

It uses two public functions of that module, so it knows the names that the plugin adds to them as well.
"""

from collections.abc import Iterator
from pathlib import Path

from pyserini_ltre.errors import InputError

PREFIX = "pyserini:"


def pyserini_name(path: object) -> str | None:
    """Take the name out of ``pyserini:NAME``; None for anything else, such as a file."""
    text = str(path)
    return text.removeprefix(PREFIX) if text.startswith(PREFIX) else None


def topic_rows(name: str) -> Iterator[tuple[str, str, str]]:
    """Give where each topic of a named set stands, its id as text, and its title.

    An `InputError` says if Pyserini does not know the name, or cannot download what is behind it.
    """
    from pyserini.search import get_topics

    try:
        topics = get_topics(name)
    except _refusals() as error:
        raise _unknown("topics", name, error) from None
    for topic_id, topic in topics.items():
        yield f"{PREFIX}{name}", str(topic_id), topic.get("title") or ""


def qrels_file(name: str) -> Path:
    """Find the file of named judgements; Pyserini unpacks or downloads it if need be. Errors as for `topic_rows`."""
    from pyserini.search import get_qrels_file

    try:
        return Path(get_qrels_file(name))
    except _refusals() as error:
        raise _unknown("judgements", name, error) from None


def _refusals() -> tuple[type[Exception], ...]:
    """What Pyserini raises for an unknown name or a failed download, which may happen in Java."""
    from jnius import JavaException

    return ValueError, OSError, JavaException


def _unknown(what: str, name: str, error: Exception) -> InputError:
    reason = next(iter(str(error).splitlines()), type(error).__name__)
    return InputError(
        f"{PREFIX}{name}: Pyserini gives no {what} of that name ({reason}); check the spelling and the network"
    )
