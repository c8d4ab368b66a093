"""FAISS indexes from their names: ``OPQ48,PQ48`` and the like, made empty and trained."""

import os
import re
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager

import faiss
import numpy as np

from pyserini_ltre.errors import InputError


def empty_index(factory: str, dimension: int) -> "faiss.Index":
    """Make an index for inner products, neither trained nor filled, by FAISS's name of it.

    Raises
    ------
    InputError
        If FAISS cannot make it, or what it makes does not search inner products over row numbers.
    """
    try:
        index = faiss.index_factory(dimension, factory, faiss.METRIC_INNER_PRODUCT)
    except RuntimeError as error:
        reason = re.sub(r".*\.(cpp|h):\d+: (Error: '.*' failed: ?)?", "", str(error).splitlines()[-1])
        raise InputError(
            f"`factory` {factory}: FAISS cannot make it for inner products of {dimension} dimensions"
            f"{reason and f' ({reason})'}; choose another, such as OPQ48,PQ48 (the numbers must divide the dimensions)"
        ) from None
    if index.metric_type != faiss.METRIC_INNER_PRODUCT or isinstance(index, faiss.IndexIDMap):
        raise InputError(
            f"`factory` {factory}: no inner product over row numbers; choose another, such as OPQ48,PQ48"
        )
    _leave_out_polysemous_training(index)
    return index


def _leave_out_polysemous_training(index: "faiss.Index") -> None:
    """Skip a reordering of PQ's codes that can take longer than all the rest, for a search nobody asks for."""
    if hasattr(index, "do_polysemous_training"):
        index.do_polysemous_training = False
    for inner in ("index", "base_index"):
        if hasattr(index, inner):
            _leave_out_polysemous_training(faiss.downcast_index(getattr(index, inner)))


def train(index: "faiss.Index", vectors: np.ndarray, factory: str) -> int:
    """Train an empty index on float32 vectors (n, d); `factory`, its name, is for the error.

    Gives how many vectors FAISS would have liked at least, 0 if it had enough; too few are an `InputError`.
    """
    with _captured_warnings() as warnings:
        try:
            index.train(vectors)
        except RuntimeError as error:
            if "Number of training points" in str(error):
                raise InputError(
                    f"`factory` {factory}: {len(vectors)} vectors are too few to train it; "
                    "choose one with fewer centroids or lists, such as SQ8, or a larger `sample`"
                ) from None
            raise
    return max(map(int, re.findall(r"please provide at least (\d+)", "".join(warnings))), default=0)


@contextmanager
def _captured_warnings() -> Iterator[list[str]]:
    """Collect what FAISS writes to standard error: one and the same warning for each of its many clusterings."""
    warnings: list[str] = []
    sys.stderr.flush()
    kept = os.dup(2)
    with tempfile.TemporaryFile("w+") as file:
        os.dup2(file.fileno(), 2)
        try:
            yield warnings
        finally:
            os.dup2(kept, 2)
            os.close(kept)
            file.seek(0)
            warnings.append(file.read())
