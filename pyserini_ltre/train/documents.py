"""The documents of a collection by row, on disk: training draws a few of them at each step."""

import shutil
from collections.abc import Iterator
from pathlib import Path

from datasets import Dataset, disable_progress_bars
from tqdm import tqdm

from pyserini_ltre.collection.records import Collection
from pyserini_ltre.encode.batching import document_text
from pyserini_ltre.errors import InputError


class DocumentStore:
    """Texts of all documents of a collection, memory-mapped.

    Parameters
    ----------
    collection : Collection
        Read once.
    form : {"plain", "star"}
        How title and text are joined; see `document_text`.
    folder : Path
        Where the texts are kept, in the size of the collection; made anew.

    Attributes
    ----------
    docids : list of str
        Id of each row.
    row_of : dict of str to int
        Row of each id.
    """

    def __init__(self, collection: Collection, form: str, folder: Path) -> None:
        self.docids: list[str] = []

        def texts() -> Iterator[dict[str, str]]:
            for document in tqdm(collection.documents(), unit=" documents", desc="reading documents"):
                self.docids.append(document.docid)
                yield {"text": document_text(document.title, document.text, form)}

        shutil.rmtree(folder, ignore_errors=True)  # what a training that was cut off has left
        disable_progress_bars()
        # The fingerprint keeps the library from pickling the collection to make one.
        self._texts = Dataset.from_generator(texts, cache_dir=str(folder), fingerprint="documents")
        self.row_of = {docid: row for row, docid in enumerate(self.docids)}
        if len(self.row_of) < len(self.docids):
            raise InputError(
                f"{len(self.docids) - len(self.row_of)} document ids are there twice; remove one of each"
            )

    def __len__(self) -> int:
        return len(self.docids)

    def texts(self, rows: list[int]) -> list[str]:
        """What is encoded of the documents in `rows`."""
        return self._texts[rows]["text"] if rows else []
