"""Pyserini's index directory: ``index`` and ``docid``, and our ``encoder.json``."""

import hashlib
import os
from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass, fields
from functools import cached_property
from pathlib import Path
from typing import Any, Protocol

import faiss
import torch

from pyserini_ltre.errors import InputError
from pyserini_ltre.files import atomic_directory, expanded
from pyserini_ltre.index.exact import Bfloat16Index, ExactIndex
from pyserini_ltre.index.faiss import FaissIndex, flat_vectors, read_index_file
from pyserini_ltre.index.originals import WithOriginalVectors
from pyserini_ltre.index.seam import DenseIndex
from pyserini_ltre.json_files import check_shape, read_json, write_json

BACKENDS = ("exact", "faiss", "exact-bf16")
# What the fingerprint reads of the index file.
FINGERPRINT_BLOCKS = 64
FINGERPRINT_BYTES = 4096


@dataclass(frozen=True)
class EncoderRecord:
    """What made the vectors of an index: ``encoder.json``.

    The `name` is a path or hub name, `prefix` stood before each document, and `max_length` is the tokens after which
    it was cut; `dimension` is the size of the vectors, `documents` their number, and `docid_sha256` is the SHA-256 of
    the ``docid`` file, in hexadecimal. Where it is known: the `family` is what Pyserini calls encoders that behave so,
    `backend` and `precision` are what computed the vectors, and in which arithmetic.
    """

    name: str
    pooling: str
    normalise: bool
    prefix: str
    max_length: int
    dimension: int
    documents: int
    docid_sha256: str
    family: str | None = None
    backend: str | None = None
    precision: str | None = None

    def content(self) -> dict[str, Any]:
        """What the file says: what is not known is not in it."""
        return {name: value for name, value in asdict(self).items() if value is not None}


def read_record(content: dict[str, Any], file: Path | str, remedy: str) -> EncoderRecord:
    """Take what a file says of the encoder; an `InputError` that ends with the remedy says if it is no such record."""
    needed = {field.name: field.type for field in fields(EncoderRecord) if field.default is not None}
    optional = {f"{field.name}?": str for field in fields(EncoderRecord) if field.default is None}
    check_shape(content, {**needed, **optional}, file, remedy)
    try:
        return EncoderRecord(**content)
    except TypeError as error:
        raise InputError(f"{file}: not what this version writes ({error}); {remedy}") from None


class Vectors(Protocol):
    """What has `ntotal` vectors of `d` numbers: a FAISS index, or what takes its place until it is written."""

    @property
    def d(self) -> int: ...  # noqa: D102
    @property
    def ntotal(self) -> int: ...  # noqa: D102


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


def check_docids(docids: list[str]) -> None:
    """Refuse document ids that a ``docid`` file cannot hold, or that stand for two documents.

    The `InputError` names one that is empty, padded, has a line break, or is there twice.
    """
    seen: set[str] = set()
    for docid in docids:
        if not docid or docid != docid.strip() or "\n" in docid or "\r" in docid:
            raise InputError(
                f"document id {docid!r} is empty, padded or has a line break; give it an id of one line"
            )
        if docid in seen:
            raise InputError(f"document id {docid} is there twice; rename or remove one of the two documents")
        seen.add(docid)


def write_index_directory(
    path: str | os.PathLike[str],
    index: Vectors,
    docids: list[str],
    record: Mapping[str, Any] | None,
    overwrite: bool = False,
    write: Callable[[Any, str], None] = faiss.write_index,
) -> None:
    """Write an index directory, whole or not at all.

    Parameters
    ----------
    path : path
        Where it is to stand.
    index : faiss.Index, or what `write` takes instead
        N vectors.
    docids : list of str
        N document ids, none with a line break.
    record : dict, optional
        The fields of `EncoderRecord` that say how the vectors were made; the rest is filled in. None if nobody knows:
        there is no ``encoder.json`` then.
    overwrite : bool
        Whether a directory that is not empty may be replaced.
    write : callable
        Writes the index to a file; by default FAISS does.
    """
    if len(docids) != index.ntotal:
        raise ValueError(f"{len(docids)} ids for {index.ntotal} vectors")
    check_docids(docids)
    lines = "".join(f"{docid}\n" for docid in docids).encode()
    with atomic_directory(path, overwrite) as directory:
        write(index, str(directory / "index"))
        (directory / "docid").write_bytes(lines)
        if record is None:
            return
        whole = EncoderRecord(
            **record,
            dimension=index.d,
            documents=index.ntotal,
            docid_sha256=hashlib.sha256(lines).hexdigest(),
        )
        write_json(directory / "encoder.json", whole.content())
