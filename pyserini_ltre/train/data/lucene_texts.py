"""The documents that Pyserini's Lucene index of a collection stores, where the collection itself is not at hand."""

import json
import os
import subprocess
import sys
import tempfile
from collections.abc import Iterator

from pyserini_ltre.collection.records import Document
from pyserini_ltre.errors import InputError
from pyserini_ltre.files import expanded

# In a process of its own, which has Java: a line of JSON for each document.
STORED = """
import json, sys
from pyserini.index.lucene import LuceneIndexReader
reader = LuceneIndexReader(sys.argv[1])
for number in range(reader.reader.maxDoc()):
    document = reader.doc(reader.convert_internal_docid_to_collection_docid(number))
    print(json.dumps([document.docid(), document.raw(), document.contents()]), flush=number % 1000 == 0)
"""


class LuceneTexts:
    """What ``-storeRaw`` or ``-storeContents`` of ``pyserini.index.lucene`` have put into an index.

    Parameters
    ----------
    path : path
        The index.
    """

    def __init__(self, path: str | os.PathLike[str]) -> None:
        self.path = expanded(path).absolute()

    def documents(self) -> Iterator[Document]:
        """Read the documents one at a time.

        Raises
        ------
        InputError
            If Pyserini cannot read the index, or it stores no texts.
        """
        with tempfile.TemporaryFile("w+") as messages:
            command = [sys.executable, "-c", STORED, str(self.path)]
            with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=messages, text=True) as process:
                assert process.stdout is not None
                try:
                    for line in process.stdout:
                        if line.startswith("["):  # what Java says goes here too
                            yield self._document(*json.loads(line))
                    failed = process.wait() != 0
                finally:
                    process.kill()
            if failed:
                messages.seek(0)
                last = (messages.read().strip() or "no message").splitlines()[-1]
                raise InputError(f"{self.path}: Pyserini cannot read its texts ({last}); give the collection")

    def _document(self, docid: str, raw: str | None, contents: str | None) -> Document:
        """A document of what is stored of it: its record, if that is JSON, or its contents, as they were indexed."""
        if raw is None and contents is None:
            raise InputError(
                f"{self.path}: stores no texts; give the collection, or index it again with -storeRaw"
            )
        try:
            fields = json.loads(raw or "")
        except ValueError:
            fields = None
        if not isinstance(fields, dict):
            return Document(docid, "", contents or raw or "")
        title, text = (str(fields.get(name) or "") for name in ("title", "text"))
        return Document(docid, title, text or contents or str(fields.get("contents") or ""))
