"""The beginnings of an index's documents as tokens, on disk: what is read beside a query."""

from array import array
from collections.abc import Iterator, Sequence
from itertools import islice
from pathlib import Path
from typing import Protocol

import numpy as np
from tqdm import tqdm
from transformers import PreTrainedTokenizerBase

from pyserini_ltre.cluster import fetched
from pyserini_ltre.collection.records import Document
from pyserini_ltre.encode.settings import DocumentForm, document_text
from pyserini_ltre.errors import InputError
from pyserini_ltre.index import IndexDirectory

TOKENS, STARTS = "tokens.npy", "starts.npy"
# Three of them, and a query, are as much as most encoders read.
LENGTH = 160
# Documents that are tokenised at a time.
WINDOW = 4096
# Until it is known that each row has a text.
MISSING = -1


class Texts(Protocol):
    """What is needed of a collection."""

    def documents(self) -> Iterator[Document]:
        """Read the documents one at a time."""


class Passages:
    """Tokens of documents, by row.

    Parameters
    ----------
    starts : ndarray (N + 1,) int64
        Where the tokens of each row begin, and where those of the last end.
    tokens : ndarray uint16 or uint32
        Those of all rows, one after the other; may be memory-mapped.
    """

    def __init__(self, starts: np.ndarray, tokens: np.ndarray) -> None:
        self.starts = starts
        self.tokens = tokens

    def __len__(self) -> int:
        return len(self.starts) - 1

    def __getitem__(self, row: int) -> list[int]:
        """Token ids of the document in a row."""
        return self.tokens[self.starts[row] : self.starts[row + 1]].tolist()

    @classmethod
    def of_collection(
        cls,
        collection: Texts,
        index: IndexDirectory,
        tokenizer: PreTrainedTokenizerBase,
        form: DocumentForm = "plain",
        length: int = LENGTH,
    ) -> "Passages":
        """Tokenise the documents of an index.

        Parameters
        ----------
        collection : Collection or LuceneTexts
            Read once; may have documents that the index lacks.
        index : IndexDirectory
            Says which rows there are.
        tokenizer : PreTrainedTokenizerBase
            The reader's.
        form : {"plain", "star", "parts"}
            How title and text are joined; see `document_text`.
        length : int
            Tokens after which a document is cut.

        Raises
        ------
        InputError
            If the index has documents that the collection lacks.
        """
        kind = np.uint16 if len(tokenizer) <= 1 << 16 else np.uint32
        lengths = np.full(len(index.docids), MISSING, np.int64)
        read: list[tuple[list[int], np.ndarray]] = []
        documents = iter(tqdm(collection.documents(), unit=" documents", desc="tokenising documents"))
        while window := list(islice(documents, WINDOW)):
            row_of = fetched(index.row_of, {document.docid for document in window})
            texts = [document_text(document.title or None, document.text, form) for document in window]
            rows, tokens_of_rows = [], array("I")
            for document, ids in zip(window, _token_ids(texts, tokenizer, length), strict=True):
                row = row_of.get(document.docid)
                if row is not None and lengths[row] == MISSING:  # of two of one id, the first
                    lengths[row] = len(ids)
                    rows.append(row)
                    tokens_of_rows.extend(ids)
            read.append((rows, np.array(tokens_of_rows, kind)))
        if (lengths == MISSING).any():
            first = index.docids[int(np.argmax(lengths == MISSING))]
            raise InputError(
                f"{index.path}: {int((lengths == MISSING).sum())} of its {len(lengths)} documents, {first} first, are "
                "not in the collection; name the one that was encoded"
            )
        starts = np.concatenate([[0], np.cumsum(lengths)])
        tokens = np.empty(starts[-1], kind)
        for rows, tokens_of_window in read:
            end = 0
            for row in rows:
                begin, end = end, end + int(lengths[row])
                tokens[starts[row] : starts[row + 1]] = tokens_of_window[begin:end]
        return cls(starts, tokens)

    def write(self, folder: Path) -> None:
        """Write to a new folder."""
        folder.mkdir()
        np.save(folder / STARTS, self.starts)
        np.save(folder / TOKENS, self.tokens)

    @classmethod
    def read(cls, folder: Path, documents: int, remedy: str) -> "Passages":
        """Map what `write` wrote; an `InputError` says if it is not there, or not whole, and the remedy."""
        arrays = []
        for name in (STARTS, TOKENS):
            try:
                arrays.append(np.load(folder / name, mmap_mode="r", allow_pickle=False))
            except FileNotFoundError:
                raise InputError(
                    f"{folder / name}: not there; copy the complete directory of the encoder, or {remedy}"
                ) from None
            except (ValueError, EOFError, OSError) as error:
                raise InputError(f"{folder / name}: damaged ({error}); {remedy}") from None
        starts, tokens = arrays
        sound = starts.ndim == tokens.ndim == 1 and starts.dtype == np.int64 and tokens.dtype.kind == "u"
        if not sound or len(starts) != documents + 1 or starts[-1] != len(tokens):
            raise InputError(f"{folder}: not the texts of {documents} documents; {remedy}")
        return cls(starts, tokens)


def _token_ids(
    texts: Sequence[str], tokenizer: PreTrainedTokenizerBase, length: int
) -> Sequence[Sequence[int]]:
    if not texts:
        return []
    token_ids: list[list[int]] = tokenizer(
        list(texts),
        truncation=True,
        max_length=length,
        add_special_tokens=False,
        return_attention_mask=False,
        return_token_type_ids=False,
    )["input_ids"]
    return token_ids
