"""A collection in BEIR's layout, read and written; documents in the form that Pyserini indexes and encodes."""

import json
import os
from collections.abc import Iterable, Iterator, Mapping
from functools import cached_property
from pathlib import Path

from pyserini_ltre.collection.lines import json_id, json_lines, json_text
from pyserini_ltre.collection.qrels import BEIR_HEADER, read_qrels
from pyserini_ltre.collection.queries import read_queries
from pyserini_ltre.collection.records import Document, Qrels, Queries, check_split, queries_with_judgements
from pyserini_ltre.errors import InputError
from pyserini_ltre.files import atomic_directory


class BeirFolder:
    """A collection in BEIR's layout.

    Parameters
    ----------
    path : path
        The folder that holds ``corpus.jsonl``, ``queries.jsonl`` and ``qrels/``.

    Raises
    ------
    InputError
        If one of the three is missing; and, from every method, if a line is malformed (which is named).
    """

    def __init__(self, path: str | os.PathLike[str]) -> None:
        self.path = Path(path)
        for name in ("corpus.jsonl", "queries.jsonl", "qrels"):
            if not (self.path / name).exists():
                layout = "corpus.jsonl, queries.jsonl and qrels/SPLIT.tsv"
                raise InputError(f"{self.path}: no {name}; name a folder that has {layout}")

    @property
    def splits(self) -> tuple[str, ...]:
        """The splits that have judgements, sorted by name."""
        return tuple(sorted(file.stem for file in (self.path / "qrels").glob("*.tsv")))

    def documents(self) -> Iterator[Document]:
        """Read the documents one at a time, in the order of the file."""
        for where, record in json_lines(self.path / "corpus.jsonl"):
            yield Document(
                json_id(record, where), json_text(record, "title", where), json_text(record, "text", where)
            )

    def queries(self, split: str) -> Queries:
        """Read the queries that are judged in a split."""
        return queries_with_judgements(
            self._queries, self.qrels(split), self.path / "queries.jsonl", self._qrels_file(split)
        )

    def qrels(self, split: str) -> Qrels:
        """Read the judgements of a split."""
        check_split(split, self.splits, self.path)
        return read_qrels(self._qrels_file(split))

    @cached_property
    def _queries(self) -> Queries:
        return read_queries(self.path / "queries.jsonl")

    def _qrels_file(self, split: str) -> Path:
        return self.path / "qrels" / f"{split}.tsv"


def write_beir(
    path: str | os.PathLike[str],
    documents: Iterable[Document],
    queries_by_split: Mapping[str, Queries],
    qrels_by_split: Mapping[str, Qrels],
) -> None:
    """Write a collection in BEIR's layout.

    Parameters
    ----------
    path : path
        The folder to make.
    documents : iterable of Document
        The documents, taken one at a time.
    queries_by_split, qrels_by_split : mapping
        Split -> queries, and split -> judgements.

    Raises
    ------
    InputError
        If the folder is there already and is not empty.
    """
    with atomic_directory(path) as directory:
        with open(directory / "corpus.jsonl", "w", encoding="utf-8") as file:
            for docid, title, text in documents:
                file.write(
                    json.dumps({"_id": docid, "title": title, "text": text}, ensure_ascii=False) + "\n"
                )
        with open(directory / "queries.jsonl", "w", encoding="utf-8") as file:
            for queries in queries_by_split.values():
                for qid, text in queries.items():
                    file.write(json.dumps({"_id": qid, "text": text}, ensure_ascii=False) + "\n")
        (directory / "qrels").mkdir()
        for split, qrels in qrels_by_split.items():
            with open(directory / "qrels" / f"{split}.tsv", "w", encoding="utf-8") as file:
                file.write("\t".join(BEIR_HEADER) + "\n")
                for qid, judged in qrels.items():
                    file.writelines(f"{qid}\t{docid}\t{grade}\n" for docid, grade in judged.items())


def write_json_collection(documents: Iterable[Document], directory: str | os.PathLike[str]) -> int:
    """Write a JsonCollection, for ``pyserini.index.lucene`` (contents) and ``pyserini.encode`` (title, text).

    Parameters
    ----------
    documents : iterable of Document
        The documents, taken one at a time.
    directory : path
        The directory to make; it holds one file, ``documents.jsonl``, since Pyserini reads every file in it.

    Returns
    -------
    int
        How many documents were written.

    Raises
    ------
    InputError
        If there is no document, or the directory is there already and is not empty.
    """
    count = 0
    with atomic_directory(directory) as partial:
        # ASCII (json's default), because pyserini.encode opens the file in the encoding of the user's locale.
        with open(partial / "documents.jsonl", "w", encoding="ascii") as file:
            for document in documents:
                fields = {"id": document.docid, "title": document.title, "text": document.text}
                file.write(json.dumps({**fields, "contents": document.contents}) + "\n")
                count += 1
        if not count:
            raise InputError(f"{directory}: no documents to write; name a collection that has some")
    return count
