"""The documents of a collection by row, on disk: training draws a few of them at each step."""

import shutil
from collections.abc import Iterator
from pathlib import Path

from accelerate import PartialState
from datasets import Dataset, disable_progress_bars
from tqdm import tqdm

from pyserini_ltre.collection.records import Collection
from pyserini_ltre.encode.settings import DocumentForm, document_text
from pyserini_ltre.errors import InputError


class DocumentStore:
    """Texts of all documents of a collection, memory-mapped; several processes share one copy.

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

    def __init__(self, collection: Collection, form: DocumentForm, folder: Path) -> None:
        processes = PartialState()

        def rows() -> Iterator[dict[str, str]]:
            for document in tqdm(collection.documents(), unit=" documents", desc="reading documents"):
                text = document_text(document.title or None, document.text, form)
                yield {"docid": document.docid, "text": text}

        disable_progress_bars()
        with processes.main_process_first():
            if processes.is_main_process:
                shutil.rmtree(folder, ignore_errors=True)  # what a training that was cut off has left
            # The fingerprint keeps the library from pickling the collection to make one; by it, the other processes
            # find what the first has written.
            self._texts = Dataset.from_generator(rows, cache_dir=str(folder), fingerprint="documents")
        self.docids: list[str] = list(self._texts["docid"])
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
