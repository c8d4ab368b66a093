"""The file that judgements are in: opened by one workbench at a time, every change on disk before it is answered."""

import sqlite3
import threading
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from pyserini_ltre.errors import InputError, blaming
from pyserini_ltre.unfinished import locked

FILE = "judgements.sqlite"
# The number of the schema below, which a later version may have to tell from its own.
VERSION = 1
SCHEMA = """
CREATE TABLE assessors (key TEXT PRIMARY KEY, name TEXT NOT NULL, since TEXT NOT NULL);
CREATE TABLE topics (qid TEXT PRIMARY KEY, text TEXT NOT NULL);
CREATE TABLE judgements (
    number INTEGER PRIMARY KEY AUTOINCREMENT, assessor TEXT NOT NULL REFERENCES assessors(key),
    qid TEXT NOT NULL, docid TEXT NOT NULL, grade INTEGER NOT NULL, note TEXT NOT NULL, pool INTEGER, at TEXT NOT NULL
);
CREATE INDEX judged ON judgements (assessor, qid, docid);
CREATE TABLE pools (number INTEGER PRIMARY KEY, depth INTEGER NOT NULL, systems TEXT NOT NULL, at TEXT NOT NULL);
CREATE TABLE pooled (
    pool INTEGER NOT NULL REFERENCES pools(number), place INTEGER NOT NULL, qid TEXT NOT NULL, docid TEXT NOT NULL,
    PRIMARY KEY (pool, place)
) WITHOUT ROWID;
CREATE TABLE about (name TEXT PRIMARY KEY, value TEXT NOT NULL);
"""
REMEDY = "put a copy of yours in its place, or move it away to begin anew"


class Database:
    """The judgements of one collection, in SQLite.

    A change is on disk when the block of `changing` ends: the journal is written through (``synchronous = FULL``).

    Parameters
    ----------
    folder : Path
        Where the file is, or is made; locked while this one is open, against a second workbench.
    fingerprint : str
        Of the collection that is judged; see `Sources.fingerprint`.

    Raises
    ------
    InputError
        If another workbench has it open, or it is of another collection, of a later version, or damaged.
    """

    def __init__(self, folder: Path, fingerprint: str) -> None:
        folder.mkdir(parents=True, exist_ok=True)
        self.file = folder / FILE
        self._lock = threading.RLock()
        self._open = ExitStack()
        if not self._open.enter_context(locked(folder)):
            raise InputError(
                f"{folder}: another workbench has it open (or its file system has no locks); use that one, or end it"
            )
        with self._explained():
            self._connection = sqlite3.connect(self.file, check_same_thread=False, isolation_level=None)
            self._open.callback(self._connection.close)
            self._connection.execute("PRAGMA journal_mode = WAL")
            self._connection.execute("PRAGMA synchronous = FULL")
            self._check(fingerprint)

    def close(self) -> None:
        """Let go of the file."""
        self._open.close()

    def read(self, statement: str, *values: Any) -> list[tuple[Any, ...]]:
        """Give the rows of a question."""
        with self._lock, self._explained():
            return self._connection.execute(statement, values).fetchall()

    @contextmanager
    def changing(self) -> Iterator[sqlite3.Connection]:
        """Change several things as one: all of it is on disk after the block, or nothing."""
        with self._lock, self._explained():
            self._connection.execute("BEGIN IMMEDIATE")
            try:
                yield self._connection
            except BaseException:
                self._connection.execute("ROLLBACK")
                raise
            self._connection.execute("COMMIT")

    @contextmanager
    def _explained(self) -> Iterator[None]:
        with blaming(self.file, REMEDY, sqlite3.DatabaseError):
            yield

    def _check(self, fingerprint: str) -> None:
        version = self._connection.execute("PRAGMA user_version").fetchone()[0]
        if version == 0:
            self._connection.executescript(f"BEGIN; {SCHEMA} PRAGMA user_version = {VERSION}; COMMIT")
            with self.changing() as connection:
                connection.execute("INSERT INTO about VALUES ('collection', ?)", (fingerprint,))
        elif version > VERSION:
            raise InputError(f"{self.file}: made by a later version; use that one")
        elif self.read("SELECT value FROM about WHERE name = 'collection'") != [(fingerprint,)]:
            raise InputError(
                f"{self.file}: judgements of another collection, not of that of this index; give the index that it was "
                "made with, or move the file away"
            )


def now() -> str:
    """Give the moment, as it is recorded."""
    return datetime.now(UTC).isoformat(timespec="seconds")
