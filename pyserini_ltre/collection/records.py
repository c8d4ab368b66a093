"""The records that everything else passes around: documents, queries, judgements and ranked lists."""

from typing import NamedTuple

Queries = dict[str, str]
"""Query id -> text."""

Qrels = dict[str, dict[str, int]]
"""Query id -> document id -> grade; a grade above 0 means relevant."""

Run = dict[str, dict[str, float]]
"""Query id -> document id -> score; the higher, the better."""


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
