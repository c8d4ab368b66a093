"""What everything else passes around: documents, queries, judgements, ranked lists; collections and their splits."""

from collections.abc import Iterator, Sequence
from typing import NamedTuple, Protocol

from pyserini_ltre.errors import InputError

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


def check_split(split: str, splits: Sequence[str], collection: object) -> None:
    """Refuse a split that a collection does not have; `collection` begins the message of the `InputError`."""
    if split not in splits:
        raise InputError(f"{collection}: no split {split!r}; there are: {', '.join(splits) or 'none'}")


def queries_with_judgements(
    queries: Queries, qrels: Qrels, queries_from: object, qrels_from: object
) -> Queries:
    """Pick the queries that are judged, in their order; if one has no text, an `InputError` names both sources."""
    missing = [qid for qid in qrels if qid not in queries]
    if missing:
        raise InputError(
            f"{qrels_from}: {len(missing)} judged queries, {missing[0]} first, are not in {queries_from}; "
            "add them there, or remove their judgements"
        )
    return {qid: text for qid, text in queries.items() if qid in qrels}
