"""Whatever kind of index a directory holds, opened."""

import os
from collections.abc import Iterator
from contextlib import contextmanager

import torch

from pyserini_ltre.cluster import connected
from pyserini_ltre.errors import InputError
from pyserini_ltre.files import expanded, is_url
from pyserini_ltre.index.directory import IndexDirectory
from pyserini_ltre.index.lucene.directory import LuceneDirectory
from pyserini_ltre.index.lucene.segments import is_lucene
from pyserini_ltre.index.remote.directory import RemoteDirectory
from pyserini_ltre.index.seam import DenseIndex
from pyserini_ltre.index.sharded.directory import ShardedDirectory
from pyserini_ltre.index.sharded.manifest import is_sharded
from pyserini_ltre.index.storage.copy import fetched


def open_directory(path: str | os.PathLike[str]) -> IndexDirectory:
    """Open a directory, and check it.

    One of FAISS (``index`` and ``docid``), of FAISS in shards (``manifest.json``), or of Lucene (``segments_N``); or
    the URL of one in shards, of which those that are not on this machine are fetched.

    Raises
    ------
    InputError
        If it is none of these, or incomplete or damaged; or cannot be fetched.
    """
    if is_url(path):
        return ShardedDirectory(fetched(str(path)))
    if is_lucene(expanded(path)):
        return LuceneDirectory(path)
    return ShardedDirectory(path) if is_sharded(expanded(path)) else IndexDirectory(path)


@contextmanager
def opened_directory(
    path: str | os.PathLike[str], ray: str | None = None, ray_device: str = "cpu"
) -> Iterator[IndexDirectory]:
    """Open a directory for a block; with the address of a Ray cluster, a sharded one where its shards lie.

    Of one at a URL, each machine of the cluster fetches the shards that it is to search. With `ray_device` ``cuda``,
    it is GPUs that search.

    Raises
    ------
    InputError
        If there is no such directory, it is incomplete or damaged, or the cluster does not answer.
    """
    if ray is None:
        if ray_device != "cpu":
            raise InputError("`ray_device` is for the workers of `ray`; give that, too, or `device` instead")
        yield open_directory(path)
        return
    if not is_url(path) and not is_sharded(expanded(path)):
        raise InputError(
            f"{path}: `ray` takes a sharded index; make one with python -m pyserini_ltre.index shard"
        )
    with connected(ray):
        directory = RemoteDirectory(path, ray_device)
        try:
            yield directory
        finally:
            directory.close()


def open_index(
    directory: str | os.PathLike[str],
    search_backend: str | None = None,
    vectors: str | os.PathLike[str] | None = None,
    device: str | torch.device = "cpu",
) -> DenseIndex:
    """Open an index directory for retrieval inside training.

    Parameters
    ----------
    directory : path
        Pyserini's index directory, of FAISS or Lucene, or a sharded one, or the URL of such.
    search_backend, vectors, device
        See `IndexDirectory.open`.

    Returns
    -------
    DenseIndex
        With ``search(queries, k) -> (scores, rows)`` and ``vectors(rows)``.
    """
    return open_directory(directory).open(search_backend, vectors, device)
