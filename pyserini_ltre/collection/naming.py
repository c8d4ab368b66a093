"""Collections by name: the embedded one, a folder, a Hugging Face data set, Pyserini's topics."""

import os
import re
from collections.abc import Iterator

from pyserini_ltre.collection.beir import BeirFolder
from pyserini_ltre.collection.hugging_face import HuggingFaceCollection, is_hugging_face_folder
from pyserini_ltre.collection.ms_marco import MsMarcoFolder, is_ms_marco
from pyserini_ltre.collection.pyserini_names import PREFIX, pyserini_name
from pyserini_ltre.collection.python_stdlib import PythonStdlib
from pyserini_ltre.collection.qrels import read_qrels
from pyserini_ltre.collection.queries import read_queries
from pyserini_ltre.collection.records import (
    Collection,
    Document,
    Qrels,
    Queries,
    check_split,
    queries_with_judgements,
)
from pyserini_ltre.errors import InputError
from pyserini_ltre.files import expanded

_HUB_ID = re.compile(r"\w[\w.-]*/[\w.-]+")


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


def open_collection(name_or_path: str | os.PathLike[str]) -> Collection:
    """Open a collection, whatever its form.

    Parameters
    ----------
    name_or_path : str or path
        ``python-stdlib``; a folder in BEIR's layout, with MS MARCO's files, or with Hugging Face data sets;
        ``owner/name`` of a data set on the Hugging Face hub; ``pyserini:NAME`` for topics and judgements that
        Pyserini knows. A folder goes before a data set of the same name on the hub.

    Returns
    -------
    Collection
        Gives ``documents()``, ``queries(split)``, ``qrels(split)`` and ``splits``.

    Raises
    ------
    InputError
        If it is none of these.
    """
    name, folder = str(name_or_path), expanded(name_or_path)
    if name == "python-stdlib":
        return PythonStdlib()
    if pyserini_name(name):
        return PyseriniTopics(name)
    if folder.is_dir():
        if is_ms_marco(folder):
            return MsMarcoFolder(folder)
        if is_hugging_face_folder(folder):
            return HuggingFaceCollection(str(folder))
        return BeirFolder(folder)
    if _HUB_ID.fullmatch(name) and not folder.exists():
        return HuggingFaceCollection(name)
    raise InputError(
        f"{name}: no such folder; name one (of BEIR, MS MARCO or Hugging Face), python-stdlib, OWNER/NAME of a "
        f"data set on the hub, or {PREFIX}TOPICS"
    )
