"""Whatever kind of index a directory holds, opened."""

import os

import torch

from pyserini_ltre.files import expanded
from pyserini_ltre.index.directory import IndexDirectory
from pyserini_ltre.index.lucene.directory import LuceneDirectory
from pyserini_ltre.index.lucene.segments import is_lucene
from pyserini_ltre.index.seam import DenseIndex


def open_directory(path: str | os.PathLike[str]) -> IndexDirectory:
    """Open a directory, and check it: one of FAISS (``index`` and ``docid``), or of Lucene (``segments_N``).

    Raises
    ------
    InputError
        If it is neither, or incomplete or damaged.
    """
    return LuceneDirectory(path) if is_lucene(expanded(path)) else IndexDirectory(path)


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
        Pyserini's index directory, of FAISS or Lucene.
    search_backend, vectors, device
        See `IndexDirectory.open`.

    Returns
    -------
    DenseIndex
        With ``search(queries, k) -> (scores, rows)`` and ``vectors(rows)``.
    """
    return open_directory(directory).open(search_backend, vectors, device)
