"""The answers of several systems to one query, side by side."""

import time
from dataclasses import dataclass, field
from typing import Literal

from pyserini_ltre.collection import Document
from pyserini_ltre.errors import InputError, reason
from pyserini_ltre.workbench.judgements import Judgement
from pyserini_ltre.workbench.loading import FAILED, READY, Systems
from pyserini_ltre.workbench.snippets import Pieces, query_words, snippet
from pyserini_ltre.workbench.texts import Texts


@dataclass(frozen=True)
class Hit:
    """One document of a column.

    Attributes
    ----------
    rank, score, docid
        As the system found it.
    document : Document or None
        Title and text; None where there is no text.
    snippet : list of (str, bool)
        The part of the text that says most of the query.
    move : int, "new" or None
        How many ranks it gained against the first column, or that this has not found it; None in the first column.
    own : Judgement or None
        What the assessor says of it.
    known : int or None
        Its grade in the judgements that there are already.
    """

    rank: int
    score: float
    docid: str
    document: Document | None
    snippet: Pieces
    move: int | Literal["new"] | None
    own: Judgement | None
    known: int | None


@dataclass(frozen=True)
class Column:
    """What one system answered, or why it did not."""

    name: str
    title: str
    state: str
    message: str = ""
    warnings: list[str] = field(default_factory=list)
    hits: list[Hit] = field(default_factory=list)
    milliseconds: float = 0.0


def compare(
    systems: Systems,
    names: list[str],
    qid: str,
    query: str,
    weight: float,
    shown: int,
    own: dict[str, Judgement],
    known: dict[str, int],
    texts: Texts | None,
) -> list[Column]:
    """Ask systems one query.

    Parameters
    ----------
    systems, names
        The systems, and those to ask.
    qid, query : str
        Id and text of the query.
    weight : float
        Of BM25 in hybrids.
    shown : int
        Hits a column.
    own : dict of str to Judgement
        What the assessor says, by document.
    known : dict of str to int
        What the judgements say that there are already.
    texts : Texts or None
        The documents, if they are there.
    """
    titles = systems.titles()
    systems.want(*names)
    found: list[tuple[str, dict[str, float] | None, str, str, float]] = []
    for name in names:
        start = time.perf_counter()
        state, message = systems.state(name)
        hits = None
        if state == READY:
            try:
                hits = systems.search(name, {qid: query}, weight).get(qid, {})
            except Exception as error:  # of this query; the other columns stand
                state, message = FAILED, str(error) if isinstance(error, InputError) else reason(error)
        found.append((name, hits, state, message, 1000 * (time.perf_counter() - start)))
    wanted = {docid for _, hits, *_ in found for docid in list(hits or ())[:shown]}
    documents = texts.get(wanted) if texts is not None else {}
    words = query_words(query)
    snippets = {docid: snippet(document, words) for docid, document in documents.items()}
    first = {docid: rank for rank, docid in enumerate(found[0][1] or (), 1)} if found else {}
    columns = []
    for place, (name, hits, state, message, milliseconds) in enumerate(found):
        # Where the first column is not there, nothing has moved.
        moves = place > 0 and found[0][1] is not None
        listed = [
            Hit(
                rank,
                score,
                docid,
                documents.get(docid),
                snippets.get(docid, []),
                (first[docid] - rank if docid in first else "new") if moves else None,
                own.get(docid),
                known.get(docid),
            )
            for rank, (docid, score) in enumerate(list((hits or {}).items())[:shown], 1)
        ]
        columns.append(
            Column(name, titles[name], state, message, systems.warnings(name), listed, milliseconds)
        )
    return columns
