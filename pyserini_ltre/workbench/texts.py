"""Titles and texts of documents by their ids, in a file that is made once for a collection."""

import json
import sqlite3
import sys
from collections.abc import Iterable
from pathlib import Path

from pyserini_ltre.collection import Document, open_collection
from pyserini_ltre.errors import blaming
from pyserini_ltre.files import atomic_directory, expanded

REMEDY = "remove it; it is made again"
# Of SQLite's variables in one statement.
MOST = 500


class Texts:
    """The documents of a collection, to be looked up.

    Parameters
    ----------
    folder : Path
        Where the file is kept.
    collection : str
        As `open_collection` takes it.
    """

    def __init__(self, folder: Path, collection: str) -> None:
        self.folder = folder
        self.collection = collection

    @property
    def file(self) -> Path:
        """The file that holds them."""
        return self.folder / "texts.sqlite"

    def prepare(self) -> None:
        """Read the collection, unless the file is of the same collection as it is now."""
        stamp = _stamp(self.collection)
        if self.file.is_file() and self._read("SELECT stamp FROM about") == [(stamp,)]:
            return
        with atomic_directory(self.folder, overwrite=True) as partial:
            connection = sqlite3.connect(partial / self.file.name)
            connection.execute("CREATE TABLE about(stamp TEXT)")
            connection.execute("INSERT INTO about VALUES (?)", (stamp,))
            connection.execute(
                "CREATE TABLE documents(docid TEXT PRIMARY KEY, title TEXT, text TEXT) WITHOUT ROWID"
            )
            documents = open_collection(self.collection).documents()
            connection.executemany("INSERT OR IGNORE INTO documents VALUES (?, ?, ?)", documents)
            connection.commit()
            connection.close()

    def get(self, docids: Iterable[str]) -> dict[str, Document]:
        """Look documents up; those that the collection lacks are not among them."""
        wanted = list(docids)
        found: dict[str, Document] = {}
        for start in range(0, len(wanted), MOST):
            some = wanted[start : start + MOST]
            places = ", ".join("?" * len(some))
            rows = self._read(f"SELECT docid, title, text FROM documents WHERE docid IN ({places})", some)
            found |= {row[0]: Document(*row) for row in rows}
        return found

    def _read(self, statement: str, values: Iterable[str] = ()) -> list[tuple[str, ...]]:
        with blaming(self.file, REMEDY, sqlite3.DatabaseError):
            connection = sqlite3.connect(f"file:{self.file}?mode=ro", uri=True)
            try:
                return connection.execute(statement, tuple(values)).fetchall()
            finally:
                connection.close()


def _stamp(collection: str) -> str:
    """What changes when the collection does: sizes and times of a folder's files, else its name."""
    folder = expanded(collection)
    if not folder.is_dir():
        return json.dumps([collection, sys.version])
    files = [(file.name, file.stat().st_size, file.stat().st_mtime_ns) for file in sorted(folder.iterdir())]
    return json.dumps([str(folder.resolve()), files])
