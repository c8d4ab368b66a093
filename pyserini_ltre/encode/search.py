"""Queries to a run: encode them, and search an index directory."""

import os

import torch

from pyserini_ltre.collection.records import Queries, Run
from pyserini_ltre.encode.batching import check_finite, encode_texts
from pyserini_ltre.encode.model import BiEncoder
from pyserini_ltre.index import IndexDirectory, open_directory
from pyserini_ltre.index.check import check_dimension
from pyserini_ltre.index.seam import retrieve


def search(
    index: IndexDirectory | str | os.PathLike[str],
    encoder: BiEncoder | str | os.PathLike[str],
    queries: Queries,
    hits: int = 1000,
    search_backend: str | None = None,
    progress: bool = True,
) -> Run:
    """Search an index with each query.

    Parameters
    ----------
    index : IndexDirectory or path
        Pyserini's index directory.
    encoder : BiEncoder, str or path
        The query encoder; a path or hub name is loaded.
    queries : dict of str to str
        Query texts by id.
    hits : int
        Documents a query; all if there are fewer.
    search_backend : {"exact", "exact-bf16", "faiss"}, optional
        See `IndexDirectory.open`.
    progress : bool
        Whether to show bars.

    Returns
    -------
    dict of str to dict of str to float
        Query id -> document id -> inner product, best first.

    Raises
    ------
    InputError
        If the embeddings have another size than the vectors.
    """
    directory = index if isinstance(index, IndexDirectory) else open_directory(index)
    encoder = encoder if isinstance(encoder, BiEncoder) else BiEncoder.load(encoder)
    check_dimension(directory, encoder.dimension, encoder.name)
    vectors = encode_texts(encoder, list(queries.values()), "query", progress=progress, backend="auto")
    embeddings = torch.from_numpy(check_finite(vectors, encoder))
    searchable = directory.open(search_backend, device=encoder.device)
    return retrieve(searchable, directory.docids, list(queries), embeddings, hits, progress)
