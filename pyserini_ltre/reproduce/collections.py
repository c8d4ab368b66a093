"""The collections of the matrix, and where on this machine they are."""

import hashlib
import json
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

from pyserini_ltre.collection import Collection, PythonStdlib, open_collection
from pyserini_ltre.errors import InputError

EMBEDDED = "python-stdlib"
MEASURES = ("nDCG@10", "RR@10", "R@100")


@dataclass(frozen=True)
class Known:
    """A collection that the matrix knows.

    Attributes
    ----------
    name : str
        As after ``--collection``; its folder has this name.
    test : str
        The split that is measured.
    trained_on : str, optional
        The collection that its encoders are trained and its weights tuned on, where it has no training queries.
    measures : tuple of str
        What is measured; the first one decides.
    """

    name: str
    test: str = "test"
    trained_on: str | None = None
    measures: tuple[str, ...] = MEASURES


# cacm and cranfield, too, are abstracts searched with sentences, as scifact is. nfcorpus is without stop words, and the
# scores of python-stdlib hold for one Python only.
KNOWN = {
    known.name: known
    for known in (
        Known(EMBEDDED),
        Known("scifact"),
        Known("nfcorpus"),
        Known("cacm", trained_on="scifact"),
        Known("cranfield", trained_on="scifact"),
        Known("msmarco-passage", "dev.small", measures=("RR@10", "nDCG@10", "R@100")),
        Known("msmarco-doc", "dev", measures=("RR@100", "nDCG@10", "R@100")),
    )
}


@dataclass(frozen=True)
class Source:
    """A collection of the matrix on this machine.

    Attributes
    ----------
    known : Known
        What it is.
    location : str
        What ``--collection`` of other commands takes: its folder, or ``python-stdlib``.
    trained_on : Source, optional
        The collection that encoders are trained and weights are tuned on, if not this one.
    """

    known: Known
    location: str
    trained_on: "Source | None" = None

    @property
    def name(self) -> str:
        """Its name in the matrix."""
        return self.known.name

    @cached_property
    def collection(self) -> Collection:
        """Its reader."""
        return open_collection(self.location)

    @cached_property
    def fingerprint(self) -> str:
        """The sha256, in hexadecimal, of all documents, judged queries and judgements."""
        if isinstance(self.collection, PythonStdlib):
            return self.collection.fingerprint
        digest = hashlib.sha256()
        for document in self.collection.documents():
            digest.update(json.dumps(document).encode())
        for split in self.collection.splits:
            parts = (split, self.collection.queries(split), self.collection.qrels(split))
            digest.update(json.dumps(parts, sort_keys=True).encode())
        return digest.hexdigest()

    @property
    def python(self) -> str | None:
        """The Python version whose library this is, for the embedded collection."""
        return PythonStdlib.python_version if self.name == EMBEDDED else None


def find_source(name: str, data: Path | None, trained: bool = True) -> Source:
    """Find a collection by its name in the matrix.

    `data` is the folder that holds folders named for the collections, or one such folder. If anything is `trained` or
    tuned, the collection for this is needed, too.

    Raises
    ------
    InputError
        If the name is unknown, or the collection or the one that it is trained on is not in `data`.
    """
    if name not in KNOWN:
        raise InputError(f"`collection` {name}: there are: {', '.join(KNOWN)}")
    known = KNOWN[name]
    trained_on = None
    if known.trained_on and trained:
        try:
            trained_on = find_source(known.trained_on, data)
        except InputError as error:
            raise InputError(f"{name} has no training queries of its own: {error}") from None
    if name == EMBEDDED:
        return Source(known, EMBEDDED)
    if data is None:
        raise InputError(f"`collection` {name} needs `data`: the folder that holds the folder {name}")
    for folder in (data / name, data):
        if folder.name == name and folder.is_dir():
            return Source(known, str(folder), trained_on)
    raise InputError(f"`data` {data}: no folder {name} in it; name the folder that holds {name}")


def names_in(data: Path | None) -> list[str]:
    """List the collections that are there: the embedded one, and those in a folder."""
    found = {EMBEDDED}
    if data is not None:
        if not data.is_dir():
            raise InputError(f"`data` {data}: no such folder; name one that holds folders such as scifact")
        found |= {name for name in KNOWN if (data / name).is_dir() or data.name == name}
    return [name for name in KNOWN if name in found]
