"""The embedded collection: the functions of Python's own standard library, searched by their docstrings."""

import hashlib
import json
import os
import platform
import re
import sysconfig
import tokenize
from collections.abc import Iterator
from functools import cached_property
from pathlib import Path
from typing import NamedTuple

from pyserini_ltre.collection.python_source import Function, read_functions, split_words
from pyserini_ltre.collection.records import Document, Qrels, Queries, check_split
from pyserini_ltre.errors import InputError

_SKIPPED_DIRECTORIES = {"site-packages", "dist-packages", "test", "tests", "idle_test", "__pycache__"}
_SHORTEST_BODY = 60
_QUERY_LENGTHS = range(20, 251)


class _Contents(NamedTuple):
    documents: list[Document]
    queries: dict[str, Queries]
    qrels: dict[str, Qrels]


class PythonStdlib:
    """Real text on every machine, with nothing to download: the standard library of the Python that runs.

    A document is a function or method: its id is the qualified name, its title the words of that name, its
    text the code without any docstring, identifiers split into words. A query is the first paragraph of a
    docstring. Bodies under 60 characters and paragraphs outside 20 to 250 characters are left out; where a
    qualified name is defined more than once (platform branches, property setters), the first definition that
    is long enough counts. Queries whose case-folded texts are the same are one query with several relevant
    documents, and a hash of that text puts each in ``train`` (70 %), ``dev`` (10 %) or ``test`` (20 %).

    The collection depends on the Python version, and on what the distributor left out: see `fingerprint`.

    Parameters
    ----------
    limit : int, optional
        Keep only so many functions, drawn evenly from all modules, the same ones every time.

    Raises
    ------
    InputError
        If `limit` is below 1, or this Python came without its source files.
    """

    splits = ("train", "dev", "test")
    python_version = platform.python_version()

    def __init__(self, limit: int | None = None) -> None:
        if limit is not None and limit < 1:
            raise InputError(f"a limit of {limit} functions leaves no collection; give 1 or more")
        self.limit = limit

    def documents(self) -> Iterator[Document]:
        """Give the documents, sorted by file, in the order of the file."""
        yield from self._contents.documents

    def queries(self, split: str) -> Queries:
        """Give the queries of a split."""
        return dict(self._contents.queries[self._known(split)])

    def qrels(self, split: str) -> Qrels:
        """Give the judgements of a split; every grade is 1."""
        return {qid: dict(judged) for qid, judged in self._contents.qrels[self._known(split)].items()}

    @cached_property
    def fingerprint(self) -> str:
        """The sha256, in hexadecimal, of all documents, queries and judgements."""
        digest = hashlib.sha256()
        for part in self._contents:
            digest.update(json.dumps(part, sort_keys=True).encode())
        return digest.hexdigest()

    def _known(self, split: str) -> str:
        check_split(split, self.splits, "python-stdlib")
        return split

    @cached_property
    def _contents(self) -> _Contents:
        functions: dict[str, Function] = {}
        for function in _library_functions():
            if len(function.body) >= _SHORTEST_BODY:
                functions.setdefault(function.name, function)
        if not functions:
            raise InputError(f"{_library()}: no Python source files; install them, or use another Python")
        if self.limit is not None:
            drawn = set(sorted(functions, key=_hash)[: self.limit])
            functions = {name: function for name, function in functions.items() if name in drawn}
        contents = _Contents([], {split: {} for split in self.splits}, {split: {} for split in self.splits})
        for name, function in functions.items():
            contents.documents.append(Document(name, split_words(name), split_words(function.code)))
            text = first_paragraph(function.docstring)
            if len(text) in _QUERY_LENGTHS:
                qid, split = query_id_and_split(text)
                contents.queries[split].setdefault(qid, text)
                contents.qrels[split].setdefault(qid, {})[name] = 1
        return contents


def first_paragraph(docstring: str) -> str:
    """Take the first paragraph of a docstring, white space folded."""
    return " ".join(re.split(r"\n\s*\n", docstring.strip(), maxsplit=1)[0].split())


def query_id_and_split(text: str) -> tuple[str, str]:
    """Derive a query's id and its split from a hash of the case-folded text, so that both never change."""
    digest = _hash(text.casefold())
    tenth = int(digest, 16) % 10
    return f"q{digest[:12]}", "train" if tenth < 7 else "dev" if tenth < 8 else "test"


def _hash(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()


def _library() -> Path:
    return Path(sysconfig.get_path("stdlib"))


def _library_functions() -> Iterator[Function]:
    for path in _source_files(_library()):
        parts = path.relative_to(_library()).with_suffix("").parts
        module = ".".join(parts[:-1] if parts[-1] == "__init__" else parts)
        try:
            with tokenize.open(path) as file:  # heeds the file's coding line
                functions = read_functions(file.read(), module)
        except (SyntaxError, ValueError, OSError):
            continue  # templates and deliberately broken files
        yield from functions


def _source_files(library: Path) -> list[Path]:
    """List the library's modules, sorted by path; names that cannot be imported are build leftovers."""
    found = []
    for folder, names, files in os.walk(library):
        names[:] = [name for name in names if name.isidentifier() and name not in _SKIPPED_DIRECTORIES]
        found += [Path(folder, name) for name in files if name.endswith(".py") and name[:-3].isidentifier()]
    return sorted(found, key=lambda path: path.parts)
