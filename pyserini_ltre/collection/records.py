"""What everything else passes around: documents, queries, judgements, ranked lists, and their readers."""

from collections.abc import Iterator
from typing import NamedTuple, Protocol

Queries = dict[str, str]
"""Query id -> text."""

Qrels = dict[str, dict[str, int]]
"""Query id -> document id -> grade; a grade above 0 means relevant."""

Run = dict[str, dict[str, float]]
"""Query id -> document id -> score; the higher, the better."""


def best_first(hits: dict[str, float]) -> list[str]:
    """Order the documents of a query's hits: the highest score first, ties by document id."""
    return sorted(hits, key=lambda docid: (-hits[docid], docid))


class Document(NamedTuple):
    """One document of a collection.

    Parameters
    ----------
    docid : str
        Its id, always text, without white space.
    title : str
        Its title; may be empty.
    text : str
        The rest; may be empty.
    """

    docid: str
    title: str
    text: str

    @property
    def contents(self) -> str:
        """Title and text, a line break between them: what a full-text index holds."""
        return f"{self.title}\n{self.text}"


class Collection(Protocol):
    """Documents, and the judged queries of some splits; what every reader of this package offers."""

    @property
    def splits(self) -> tuple[str, ...]:
        """The splits that have judgements."""

    def documents(self) -> Iterator[Document]:
        """Read the documents one at a time, so that they need not fit into memory."""

    def queries(self, split: str) -> Queries:
        """Read the queries that are judged in a split."""

    def qrels(self, split: str) -> Qrels:
        """Read the judgements of a split."""
