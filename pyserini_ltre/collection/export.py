"""Documents in the form that Pyserini indexes and encodes."""

import json
import os
from collections.abc import Iterable

from pyserini_ltre.collection.records import Document
from pyserini_ltre.errors import InputError
from pyserini_ltre.files import atomic_directory


def write_json_collection(documents: Iterable[Document], directory: str | os.PathLike) -> int:
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
