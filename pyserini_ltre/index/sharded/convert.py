"""An index directory to shards, and back."""

import os
from dataclasses import asdict
from itertools import pairwise
from typing import Any

import faiss

from pyserini_ltre.errors import InputError
from pyserini_ltre.files import atomic_directory, check_output_directory
from pyserini_ltre.index.directory import IndexDirectory
from pyserini_ltre.index.record import EncoderRecord
from pyserini_ltre.index.sharded.directory import ShardedDirectory
from pyserini_ltre.index.sharded.manifest import METRICS, SHARDS, shard_name, write_manifest
from pyserini_ltre.index.sharded.rows import append_rows, check_kind, empty_like, reserve
from pyserini_ltre.index.writing import check_docids, write_index_directory


def first_rows(documents: int, shards: int) -> list[int]:
    """The first row of each shard, and the number of documents: shards as equal as possible, the larger ones first.

    An `InputError` says if there are more shards than documents.
    """
    if not 1 <= shards <= documents:
        raise InputError(
            f"`shards` {shards}: there are {documents} documents; choose a number from 1 to {documents}"
        )
    size, larger = divmod(documents, shards)
    return [number * size + min(number, larger) for number in range(shards + 1)]


def shard(
    directory: IndexDirectory, shards: int, output: str | os.PathLike[str], overwrite: bool = False
) -> None:
    """Write an index directory in shards, whole or not at all.

    Parameters
    ----------
    directory : IndexDirectory
        One of FAISS, in one piece, of a kind whose rows can be taken apart.
    shards : int
        Into how many shards it is split.
    output : path
        Directory to write.
    overwrite : bool
        Whether a directory that is not empty may be replaced.

    Raises
    ------
    InputError
        If it is an index of another kind, or has fewer documents than shards.
    """
    check_output_directory(output, overwrite)
    if type(directory) is not IndexDirectory:
        raise InputError(
            f"{directory.path}: not an index of FAISS in one piece; merge it, or encode with shards"
        )
    index = directory.faiss_index
    check_kind(index, directory.path / "index")
    if index.metric_type not in METRICS:
        raise InputError(
            f"{directory.path}/index: computes no {' or '.join(METRICS.values())}; build it again"
        )
    check_docids(directory.docids)
    starts = first_rows(len(directory.docids), shards)
    record = made_by(directory.record)
    empty = empty_like(index)
    with atomic_directory(output, overwrite) as partial:
        written = []
        for number, (start, stop) in enumerate(pairwise(starts)):
            piece = faiss.clone_index(empty)
            reserve(piece, stop - start)
            try:
                append_rows(piece, index, start, stop)
            except InputError as error:
                raise InputError(f"{directory.path}/index: {error}") from None
            place = partial / SHARDS / shard_name(number)
            write_index_directory(place, piece, directory.docids[start:stop], record)
            written.append(IndexDirectory(place))
        write_manifest(partial, written)


def merge(directory: IndexDirectory, output: str | os.PathLike[str], overwrite: bool = False) -> None:
    """Write a sharded index as one index directory, whole or not at all.

    Parameters
    ----------
    directory : ShardedDirectory
        The shards.
    output : path
        Index directory to write.
    overwrite : bool
        Whether a directory that is not empty may be replaced.

    Raises
    ------
    InputError
        If it is not a sharded index, or its files are not those of its manifest.
    """
    check_output_directory(output, overwrite)
    if not isinstance(directory, ShardedDirectory):
        raise InputError(f"{directory.path}: not a sharded index; name one with manifest.json")
    _ = directory.row_of
    directory.check_sums()
    write_index_directory(output, directory.merged(), directory.docids, made_by(directory.record), overwrite)


def made_by(record: EncoderRecord | None) -> dict[str, Any] | None:
    """What a record says of the encoder, as `write_index_directory` takes it."""
    if record is None:
        return None
    of_documents = ("dimension", "documents", "docid_sha256")
    return {name: value for name, value in asdict(record).items() if name not in of_documents}
