"""Pseudo relevance feedback (`--prf-depth`) with our encoders: what Pyserini's own way of it leaves out."""

from typing import Any

import numpy as np

from pyserini_ltre.errors import InputError
from pyserini_ltre.plugin.command_variables import argument

# What works on vectors alone. ANCE-PRF needs an encoder of its own, which reads documents beside the query.
METHODS = ("avg", "rocchio")


def check_method() -> None:
    """Refuse a method that the running command could only fail with, after it has begun to write the run."""
    method = argument("prf_method")
    if (argument("prf_depth") or 0) > 0 and method.lower() not in METHODS:
        raise InputError(f"`prf_method` {method}: with this encoder, use {' or '.join(METHODS)}")


def give_vectors_back(index: Any) -> None:
    """Let an index give the vectors of what it finds, where FAISS's `search_and_reconstruct` cannot.

    Parameters
    ----------
    index : faiss.Index
        Changed only if it is an inverted file with four-bit codes (`PQ...x4fs`), or rotates vectors for one.
    """
    import faiss

    from pyserini_ltre.index.faiss import decode, prepare_decoding

    inverted = faiss.try_extract_index_ivf(index) if isinstance(index, faiss.Index) else None
    if inverted is None or not isinstance(faiss.downcast_index(inverted), faiss.IndexIVFFastScan):
        return

    def search_and_reconstruct(queries: np.ndarray, k: int) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        scores, rows = index.search(queries, k)
        prepare_decoding(index)
        vectors = decode(index, np.maximum(rows, 0).ravel())
        return scores, rows, vectors.reshape(*rows.shape, index.d)

    index.search_and_reconstruct = search_and_reconstruct
