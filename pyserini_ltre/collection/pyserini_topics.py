"""A collection that Pyserini knows by name."""

from collections.abc import Iterator

from pyserini_ltre.collection.qrels import read_qrels
from pyserini_ltre.collection.queries import read_queries
from pyserini_ltre.collection.records import Document, Qrels, Queries
from pyserini_ltre.collection.splits import check_split, queries_with_judgements
from pyserini_ltre.errors import InputError


class PyseriniTopics:
    """Topics and judgements of one name, as the split ``test``; the documents are in Pyserini's indexes only.

    Parameters
    ----------
    name : str
        As after ``--topics``, with ``pyserini:`` before it: ``pyserini:dl19-passage``,
        ``pyserini:beir-v1.0.0-scifact-test`` ...

    Raises
    ------
    InputError
        From the methods, if Pyserini does not know the name.
    """

    splits = ("test",)

    def __init__(self, name: str) -> None:
        self.name = name

    def documents(self) -> Iterator[Document]:
        """Refuse: Pyserini has no names for files of documents."""
        raise InputError(
            f"{self.name}: Pyserini names topics and judgements only; name a folder for the documents"
        )

    def queries(self, split: str) -> Queries:
        """Read the topics that are judged."""
        qrels = self.qrels(split)
        return queries_with_judgements(read_queries(self.name), qrels, "its topics", self.name)

    def qrels(self, split: str) -> Qrels:
        """Read the judgements."""
        check_split(split, self.splits, self.name)
        return read_qrels(self.name)
