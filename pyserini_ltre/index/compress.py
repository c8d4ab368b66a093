"""A compressed copy of an index directory, and what compression costs."""

import os
import time
from dataclasses import dataclass

import faiss
import numpy as np
import torch
from tqdm import tqdm

from pyserini_ltre.errors import InputError
from pyserini_ltre.files import atomic_directory, check_output_directory
from pyserini_ltre.index.directory import IndexDirectory
from pyserini_ltre.index.exact import CHUNK
from pyserini_ltre.index.factory import empty_index, train
from pyserini_ltre.index.refine import is_refined, refined_factory, whole_bytes
from pyserini_ltre.index.tune import (
    DEPTHS,
    MARGIN,
    RECALL,
    Tuning,
    check_recall,
    measuring_queries,
    random_rows,
    recalls,
    tune,
)
from pyserini_ltre.index.writing import check_docids
from pyserini_ltre.json_files import write_json

# Vectors that FAISS uses to train 256 centroids, at most; and for each list of an inverted file, enough.
SAMPLE = 65_536
SAMPLE_PER_LIST = 64


@dataclass(frozen=True)
class Compression:
    """What became of an index.

    Attributes
    ----------
    documents : int
        Number of vectors.
    bytes_before, bytes_after : int
        What a search keeps in memory: the index file, without the vectors that only order candidates.
    vector_bytes_before, vector_bytes_after : float
        The part of it that grows with the collection, a document.
    recall : dict of int to float
        Part of the exact top k that the compressed index has in its top k, for each k.
    queries : int
        Number of queries that it was measured with.
    trained_on : int
        Number of vectors that it was trained on.
    wanted : int
        Number of vectors that FAISS would have liked for training at least; 0 if it had enough.
    seconds : float
        Time of training.
    tuning : Tuning or None
        What a search of two levels looks at.
    """

    documents: int
    bytes_before: int
    bytes_after: int
    vector_bytes_before: float
    vector_bytes_after: float
    recall: dict[int, float]
    queries: int
    trained_on: int
    wanted: int
    seconds: float
    tuning: Tuning | None


def compress(
    directory: IndexDirectory,
    factory: str,
    output: str | os.PathLike[str],
    sample: int | None = None,
    seed: int = 0,
    query_vectors: str | os.PathLike[str] | None = None,
    overwrite: bool = False,
    refine: str | None = None,
    recall: float = RECALL,
) -> Compression:
    """Write a compressed copy of an index directory, and measure it.

    Parameters
    ----------
    directory : IndexDirectory
        What to compress.
    factory : str
        FAISS's name of the index to make, for example ``OPQ48,PQ48``.
    output : path
        Directory to write, whole or not at all.
    sample : int, optional
        Vectors to train on; by default 65,536, or 64 a list of an inverted file if that is more.
    seed : int
        Of the sample and of the queries; equal seeds give equal files.
    query_vectors : path, optional
        A .npy file of query embeddings to measure recall with; by default 256 vectors of the index itself.
    overwrite : bool
        Whether a directory that is not empty may be replaced.
    refine : {"exact", "sq8"}, optional
        Keep the vectors beside the codes, as they are or in a byte a dimension, to order what the codes find.
    recall : float
        With `refine`: the part of the exact top 100 for which enough candidates are looked at.

    Returns
    -------
    Compression
        Sizes before and after, and recall.

    Raises
    ------
    InputError
        If FAISS does not know the name, it does not fit the vectors, or there are too few of them.
    """
    output = check_output_directory(output, overwrite)
    if output.resolve() == directory.path.resolve():
        raise InputError(f"{output} is the index to be compressed; name another directory for the copy")
    if sample is not None and sample < 1:
        raise InputError(f"`sample` {sample}: choose 1 or more")
    factory = factory if refine is None else refined_factory(factory, refine)
    check_recall(recall)
    check_docids(directory.docids)
    source = directory.open()
    compressed = empty_index(factory, source.dimension)
    queries = measuring_queries(source, query_vectors, seed + 1)
    inverted = faiss.try_extract_index_ivf(compressed)
    sample = sample or max(SAMPLE, SAMPLE_PER_LIST * (inverted.nlist if inverted else 0))
    training = source.vectors(random_rows(source, sample, seed)).numpy()
    if not np.isfinite(training).all():
        raise InputError(f"{directory.path}: has vectors that are not finite; encode these documents again")
    started = time.monotonic()
    with tqdm(total=len(source), desc=f"train on {len(training)}", unit=" vectors") as progress:
        wanted = train(compressed, training, factory)
        seconds = time.monotonic() - started
        fixed = len(faiss.serialize_index(compressed))
        progress.set_description("compress")
        for rows in torch.arange(len(source)).split(CHUNK):
            compressed.add(source.vectors(rows).numpy())
            progress.update(len(rows))
    exact = directory.open("exact")
    margin = MARGIN if query_vectors is None else 1.0
    tuning = tune(compressed, exact, queries, recall, margin) if is_refined(compressed) else None

    with atomic_directory(output, overwrite) as partial:
        faiss.write_index(compressed, str(partial / "index"))
        (partial / "docid").write_text("".join(f"{docid}\n" for docid in directory.docids), encoding="utf-8")
        if directory.record is not None:
            write_json(partial / "encoder.json", directory.record.content())
        written = IndexDirectory(partial)
        before = directory.index_bytes
        after = written.index_bytes - whole_bytes(compressed)
        _, nearest = exact.search(queries, min(DEPTHS[-1], len(exact)))
        measured = recalls(nearest, written.open("faiss"), queries)
    fixed_before = len(faiss.serialize_index(faiss.IndexFlatIP(source.dimension)))
    return Compression(
        documents=len(source),
        bytes_before=before,
        bytes_after=after,
        vector_bytes_before=(before - fixed_before) / len(source),
        vector_bytes_after=(after - fixed) / len(source),
        recall=measured,
        queries=len(queries),
        trained_on=len(training),
        wanted=wanted,
        seconds=seconds,
        tuning=tuning,
    )
