"""MS MARCO's own files, of the passage task and of the document task."""

import os
from collections.abc import Iterator
from pathlib import Path

from pyserini_ltre.collection.lines import checked_id, split_lines
from pyserini_ltre.collection.qrels import read_qrels
from pyserini_ltre.collection.queries import read_queries
from pyserini_ltre.collection.records import Document, Qrels, Queries, check_split, queries_with_judgements
from pyserini_ltre.errors import InputError

PASSAGES = "collection.tsv"
DOCUMENTS = "msmarco-docs.tsv"
# What stands before and after the split in a file's name: the passage task's files, then the document task's.
_QUERIES = (("queries.", ".tsv"), ("msmarco-doc", "-queries.tsv"))
_QRELS = (("qrels.", ".tsv"), ("msmarco-doc", "-qrels.tsv"))


class MsMarcoFolder:
    """MS MARCO's own files, each plain or gzipped (``.gz``).

    Documents are in ``collection.tsv`` (id, text) or, in the document task, ``msmarco-docs.tsv`` (id, URL,
    title, body); there the title of a `Document` is the URL, a space and the title, as published baselines
    search all three. Queries and judgements are in ``queries.SPLIT.tsv`` and ``qrels.SPLIT.tsv``, or in
    ``msmarco-docSPLIT-queries.tsv`` and ``msmarco-docSPLIT-qrels.tsv``.

    Parameters
    ----------
    path : path
        The folder.

    Raises
    ------
    InputError
        If it has neither documents file; and, from every method, if a line is malformed (which is named).
    """

    def __init__(self, path: str | os.PathLike[str]) -> None:
        self.path = Path(path)
        if not is_ms_marco(path):
            raise InputError(
                f"{path}: neither {PASSAGES} nor {DOCUMENTS}; name a folder that has one of them"
            )

    @property
    def splits(self) -> tuple[str, ...]:
        """The splits that have judgements, sorted by name."""
        return tuple(sorted(self._files(_QRELS)))

    def documents(self) -> Iterator[Document]:
        """Read the documents one at a time, in the order of the file."""
        if passages := _plain_or_gzipped(self.path / PASSAGES):
            for number, (docid, text) in split_lines(passages, 2, "id, tab, text", "\t"):
                yield Document(checked_id(docid, f"{passages}:{number}"), "", text)
            return
        layout = "id, URL, title, body, tabs between them"
        documents = _plain_or_gzipped(self.path / DOCUMENTS) or self.path / DOCUMENTS
        for number, (docid, url, title, body) in split_lines(documents, 4, layout, "\t"):
            yield Document(checked_id(docid, f"{documents}:{number}"), f"{url} {title}".strip(), body)

    def queries(self, split: str) -> Queries:
        """Read the queries that are judged in a split."""
        qrels = self.qrels(split)
        files = self._files(_QUERIES)
        if split not in files:
            raise InputError(f"{self.path}: no queries.{split}.tsv beside its judgements; put it there")
        return queries_with_judgements(
            read_queries(files[split]), qrels, files[split], self._files(_QRELS)[split]
        )

    def qrels(self, split: str) -> Qrels:
        """Read the judgements of a split."""
        files = self._files(_QRELS)
        check_split(split, self.splits, self.path)
        return read_qrels(files[split])

    def _files(self, patterns: tuple[tuple[str, str], ...]) -> dict[str, Path]:
        found: dict[str, Path] = {}
        for file in sorted(self.path.iterdir()):
            name = file.name.removesuffix(".gz")
            for before, after in patterns:
                if name.startswith(before) and name.endswith(after) and len(name) > len(before + after):
                    found.setdefault(name[len(before) : -len(after)], file)
        return found


def is_ms_marco(path: str | os.PathLike[str]) -> bool:
    """Whether a folder has one of MS MARCO's files of documents."""
    return any(_plain_or_gzipped(Path(path) / name) is not None for name in (PASSAGES, DOCUMENTS))


def _plain_or_gzipped(path: Path) -> Path | None:
    return next((file for file in (path, path.with_name(f"{path.name}.gz")) if file.exists()), None)
