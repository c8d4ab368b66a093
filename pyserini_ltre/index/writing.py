"""Write an index directory: ``index``, ``docid`` and ``encoder.json``."""

import hashlib
import os
from collections.abc import Callable, Mapping
from typing import Any, Protocol

import faiss

from pyserini_ltre.errors import InputError
from pyserini_ltre.files import atomic_directory
from pyserini_ltre.index.record import EncoderRecord
from pyserini_ltre.json_files import write_json


class Vectors(Protocol):
    """What has `ntotal` vectors of `d` numbers: a FAISS index, or what takes its place until it is written."""

    @property
    def d(self) -> int: ...  # noqa: D102
    @property
    def ntotal(self) -> int: ...  # noqa: D102


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
