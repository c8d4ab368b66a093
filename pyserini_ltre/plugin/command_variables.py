"""Variables of Pyserini's commands: all that relies on what they are called there.

No import can be hooked for these, since a command runs as `__main__`. If one is gone, Pyserini goes on without
what we do with it.
"""

import sys
from operator import attrgetter
from typing import Any

from pyserini_ltre.plugin.command import command_name
from pyserini_ltre.plugin.hook import guarded

# Command -> its variable that we read.
VARIABLES = {
    "pyserini.encode.__main__": "encoder",
    "pyserini.search.faiss.__main__": "query_iterator",
    "pyserini.search.hybrid.__main__": "query_iterator",
    "pyserini.search.lucene.__main__": "query_iterator",
}
# Commands whose `args`, from `argparse`, we read.
ARGUMENTS = ("pyserini.search.faiss.__main__", "pyserini.search.lucene.__main__")
# The class of `query_iterator` whose queries are plain text.
PLAIN_TEXT = "DefaultQueryIterator"


def document_encoder() -> Any:
    """Encoder of a running `python -m pyserini.encode`; None in any other program."""
    return _value("encoder")


def queries_in_order() -> list[str]:
    """Queries that the running command searches one after the other; none if not all of them are plain text."""
    topics = _value("query_iterator")
    if type(topics).__name__ != PLAIN_TEXT:
        return []
    queries = [query for _, query in topics]
    return queries if all(isinstance(query, str) for query in queries) else []


def argument(name: str) -> Any:
    """Value of an argument of the running command, by `argparse`'s name of it; None in any other program."""
    command = command_name()
    return _read(command, "args", name) if command in ARGUMENTS else None


def _value(variable: str) -> Any:
    command = command_name()
    return _read(command, variable) if VARIABLES.get(command) == variable else None


def _read(command: str, *names: str) -> Any:
    return guarded(command, lambda: attrgetter(".".join(names))(sys.modules["__main__"]))
