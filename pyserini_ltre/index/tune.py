"""How many candidates a search of two levels looks at, chosen for a recall."""

import math
import os
from collections.abc import Iterator
from dataclasses import dataclass

import faiss
import numpy as np
import torch

from pyserini_ltre.errors import InputError
from pyserini_ltre.files import atomic_file
from pyserini_ltre.index.directory import IndexDirectory
from pyserini_ltre.index.exact import ExactIndex
from pyserini_ltre.index.faiss import FaissIndex, flat_vectors
from pyserini_ltre.index.originals import read_vectors
from pyserini_ltre.index.refine import is_refined
from pyserini_ltre.index.seam import DenseIndex

# Part of the exact top k that is to be found, for each k: FAISS takes a number of candidates for each hit, and for few
# hits it has to be higher.
RECALL, DEPTHS = 0.99, (10, 100)
# Candidates for each document wanted.
FACTORS = (1.0, 1.5, 2.0, 3.0, 4.0, 6.0, 8.0, 12.0, 16.0, 24.0, 32.0, 48.0, 64.0)
QUERIES = 256
# Documents, standing in for queries, find their like sooner than queries do: these took up to twice as many candidates.
MARGIN = 2.0


@dataclass(frozen=True)
class Tuning:
    """What a search looks at.

    Attributes
    ----------
    factor : float
        Candidates for each document wanted.
    lists : int
        Lists of an inverted file that are searched; 0 of other codes.
    recall : dict of int to float
        Part of the exact top k that is found so, for each k.
    asked : float
        What it should have been.
    """

    factor: float
    lists: int
    recall: dict[int, float]
    asked: float

    def __str__(self) -> str:
        lists = f", {self.lists} lists searched" if self.lists else ""
        reached = ", ".join(f"recall@{k} {value:.3f}" for k, value in self.recall.items())
        enough = min(self.recall.values()) >= self.asked
        short = "" if enough else f"; {self.asked:g} was asked for: choose longer codes"
        return f"{self.factor:g} candidates for each hit{lists}: {reached}{short}"


def tune(
    index: "faiss.IndexRefine",
    exact: DenseIndex,
    queries: torch.Tensor,
    recall: float = RECALL,
    margin: float = 1.0,
) -> Tuning:
    """Let a search look at as few candidates as give a recall, and at more lists only where no candidates would do.

    Parameters
    ----------
    index : faiss.IndexRefine
        Changed in place: its factor, the lists that are searched, how far an HNSW graph is.
    exact : DenseIndex
        The same documents, searched exactly.
    queries : Tensor (n, d)
        To measure with.
    recall : float
        Above 0, at most 1: part of the exact top 10, and of the top 100.
    margin : float
        So many times the candidates that these queries need are looked at.

    Returns
    -------
    Tuning
        What was chosen; the most that was tried, if nothing gives the recall.

    Raises
    ------
    InputError
        If the recall is none.
    """
    check_recall(recall)
    _, wanted = exact.search(queries, min(DEPTHS[-1], len(exact)))
    searched = FaissIndex(index)
    factors = [factor for factor in FACTORS if factor == 1 or factor * DEPTHS[0] < len(exact)]

    def found(factor: float) -> dict[int, float]:
        _look_at(index, factor)
        return recalls(wanted, searched, queries)

    reached, lists = {0: 0.0}, 0
    for searched_lists in _numbers_of_lists(index):
        reached, lists = found(factors[-1]), searched_lists
        if min(reached.values()) >= recall:
            break
    for factor in factors[:-1] if min(reached.values()) >= recall else ():
        if min(found(factor).values()) >= recall:
            factor = min(margin * factor, factors[-1])
            return Tuning(factor, lists, found(factor), recall)
    _look_at(index, factors[-1])
    return Tuning(factors[-1], lists, reached, recall)


def check_recall(recall: float) -> None:
    """Refuse what is no part."""
    if not 0 < recall <= 1:
        raise InputError(f"`recall` {recall:g}: choose one above 0, at most 1")


def recalls(wanted: torch.Tensor, index: DenseIndex, queries: torch.Tensor) -> dict[int, float]:
    """Part of the exact top k that an index has in its top k, for each k; `wanted` are the rows of the largest."""
    found = {}
    for k in sorted({min(depth, wanted.shape[1]) for depth in DEPTHS}):
        _, rows = index.search(queries, k)
        found[k] = float((wanted[:, :k, None] == rows[:, None, :]).any(2).float().mean())
    return found


def _look_at(index: "faiss.IndexRefine", factor: float) -> None:
    index.k_factor = factor
    codes = faiss.downcast_index(index.base_index)
    if isinstance(codes, faiss.IndexHNSW):
        codes.hnsw.efSearch = max(16, math.ceil(factor * DEPTHS[-1]))


def _numbers_of_lists(index: "faiss.IndexRefine") -> Iterator[int]:
    """Have an inverted file search ever more lists; once, for any other codes."""
    inverted = faiss.try_extract_index_ivf(index.base_index)
    if inverted is None:
        yield 0
        return
    lists = 1
    while True:
        inverted.nprobe = min(lists, inverted.nlist)
        yield inverted.nprobe
        if lists >= inverted.nlist:
            return
        lists *= 2


def tune_again(
    path: str | os.PathLike[str],
    recall: float = RECALL,
    query_vectors: str | os.PathLike[str] | None = None,
    seed: int = 0,
) -> Tuning:
    """Choose anew what a search of two levels looks at, and write it into the index.

    Parameters
    ----------
    path : path
        Index directory that `compress` has made with `refine`; its index file is replaced as a whole.
    recall, query_vectors, seed
        As for `compress`.

    Raises
    ------
    InputError
        If it has one level, or the recall is none.
    """
    directory = IndexDirectory(path)
    index = directory.faiss_index
    if not is_refined(index):
        raise InputError(f"{path}: no vectors beside the codes; make it with compress --refine")
    whole = faiss.downcast_index(index.refine_index)
    flat = flat_vectors(whole)
    exact = ExactIndex(
        FaissIndex(whole).all_vectors() if flat is None else torch.from_numpy(flat), owner=index
    )
    queries = measuring_queries(exact, query_vectors, seed)
    chosen = tune(index, exact, queries, recall, MARGIN if query_vectors is None else 1.0)
    with atomic_file(directory.path / "index", "wb") as file:
        faiss.write_index(index, faiss.PyCallbackIOWriter(file.write))  # type: ignore[attr-defined]  # not in its stubs
    return chosen


def measuring_queries(
    index: DenseIndex, query_vectors: str | os.PathLike[str] | None, seed: int
) -> torch.Tensor:
    """Query embeddings (n, d) of a .npy file, or vectors of the index itself."""
    if query_vectors is not None:
        return torch.from_numpy(read_vectors(query_vectors, index.dimension).astype(np.float32))
    return index.vectors(random_rows(index, QUERIES, seed))


def random_rows(index: DenseIndex, number: int, seed: int) -> torch.Tensor:
    """Some rows of an index, in the order of the file."""
    rows = np.random.default_rng(seed).choice(len(index), min(number, len(index)), replace=False)
    return torch.from_numpy(np.sort(rows))
