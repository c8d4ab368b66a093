"""Pyserini's index directory, opened and checked: ``index`` and ``docid``, and our ``encoder.json``."""

import hashlib
import os
from functools import cached_property

import torch

from pyserini_ltre.errors import InputError
from pyserini_ltre.files import expanded
from pyserini_ltre.index.exact import Bfloat16Index, ExactIndex
from pyserini_ltre.index.faiss import FaissIndex, flat_vectors, read_index_file
from pyserini_ltre.index.originals import WithOriginalVectors
from pyserini_ltre.index.record import EncoderRecord, read_record
from pyserini_ltre.index.seam import DenseIndex
from pyserini_ltre.json_files import read_json

BACKENDS = ("exact", "faiss", "exact-bf16")
# What the fingerprint reads of the index file.
FINGERPRINT_BLOCKS = 64
FINGERPRINT_BYTES = 4096


class IndexDirectory:
    """An index directory that has been checked.

    Parameters
    ----------
    path : path
        Directory with ``index`` and ``docid``.

    Attributes
    ----------
    faiss_index : faiss.Index
        The vectors, memory-mapped where FAISS can.
    docids : list of str
        A document id a row.

    Raises
    ------
    InputError
        If a file is missing or unreadable, or there are not as many ids as rows.
    """

    def __init__(self, path: str | os.PathLike[str]) -> None:
        self.path = expanded(path).absolute()
        for name in ("index", "docid"):
            if not (self.path / name).is_file():
                raise InputError(
                    f"{self.path}: no file {name}; name a directory that pyserini.encode --to-faiss made"
                )
        self.faiss_index = read_index_file(self.path / "index")
        try:
            ids = (self.path / "docid").read_text(encoding="utf-8")
        except UnicodeDecodeError:
            raise InputError(f"{self.path}/docid: not UTF-8; write the ids again, or encode again") from None
        self.docids = ids.removesuffix("\n").split("\n")
        if len(self.docids) != self.faiss_index.ntotal:
            raise InputError(
                f"{self.path}: {self.faiss_index.ntotal} vectors in index but {len(self.docids)} ids in docid; "
                "they are from different builds: make the directory again"
            )

    @property
    def dimension(self) -> int:
        """Size of the vectors."""
        return self.faiss_index.d

    @property
    def stored_whole(self) -> bool:
        """Whether the vectors are there as they were made, not compressed."""
        return flat_vectors(self.faiss_index) is not None

    @property
    def index_bytes(self) -> int:
        """Size of the index file."""
        return (self.path / "index").stat().st_size

    @cached_property
    def record(self) -> EncoderRecord | None:
        """What made the vectors, if the directory says so."""
        file = self.path / "encoder.json"
        if not file.is_file():
            return None
        remedy = "remove it or encode again"
        return read_record(read_json(file, remedy), file, remedy)

    @cached_property
    def row_of(self) -> dict[str, int]:
        """Row number of each document id; an `InputError` says if one is there twice."""
        rows = {docid: row for row, docid in enumerate(self.docids)}
        if len(rows) != len(self.docids):
            raise InputError(
                f"{self.path}/docid: a document id is there twice; build the index again without that"
            )
        return rows

    @cached_property
    def fingerprint(self) -> str:
        """SHA-256 of the ids, and of the size and blocks of the index file: another encoder's index differs."""
        digest = hashlib.sha256((self.path / "docid").read_bytes())
        size = (self.path / "index").stat().st_size
        digest.update(str(size).encode())
        with open(self.path / "index", "rb") as file:
            for block in range(FINGERPRINT_BLOCKS):
                file.seek(size * block // FINGERPRINT_BLOCKS)
                digest.update(file.read(FINGERPRINT_BYTES))
        return digest.hexdigest()

    def open(
        self,
        search_backend: str | None = None,
        vectors: str | os.PathLike[str] | None = None,
        device: str | torch.device = "cpu",
    ) -> DenseIndex:
        """Put the index behind the retrieval seam.

        Parameters
        ----------
        search_backend : {"exact", "exact-bf16", "faiss"}, optional
            Exact search in torch over the vectors (decoded where the index is compressed), the same in half the
            memory, or FAISS's own search. By default exact for a flat index, FAISS for any other.
        vectors : path, optional
            The original vectors of a compressed index, a .npy file: the search goes through the index, `vectors`
            come from there.
        device : str or torch.device
            Where exact search runs.

        Returns
        -------
        DenseIndex
            With ``search`` and ``vectors``.

        Raises
        ------
        InputError
            If the back end is unknown, the metric is not the inner product, or the vectors are not those of the index.
        """
        searchable = self._searchable(search_backend, torch.device(device))
        return searchable if vectors is None else WithOriginalVectors(searchable, vectors)

    def _searchable(self, backend: str | None, device: torch.device) -> DenseIndex:
        """The index behind one of the back ends."""
        flat = flat_vectors(self.faiss_index)
        if backend is None:
            backend = "faiss" if flat is None else "exact"
        if backend not in BACKENDS:
            raise InputError(f"`search_backend` {backend}: use one of {', '.join(BACKENDS)}")
        try:
            stored = FaissIndex(self.faiss_index)
        except InputError as error:
            raise InputError(f"{self.path}/index: {error}") from None
        if backend == "faiss":
            return stored
        if backend == "exact-bf16":
            exact = ExactIndex(torch.from_numpy(flat), owner=self.faiss_index) if flat is not None else stored
            return Bfloat16Index(exact, device)
        documents = torch.from_numpy(flat) if flat is not None else stored.all_vectors()
        return ExactIndex(documents.to(device), owner=self.faiss_index)
