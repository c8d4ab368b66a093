"""Rows of FAISS indexes, taken out and put together without decoding them: what is written is what was read."""

from typing import Any

import faiss
import numpy as np

from pyserini_ltre.errors import InputError

# Kinds whose rows are codes that stand for themselves, in one block or in the lists of an inverted file.
IN_A_BLOCK = (
    faiss.IndexFlatIP,
    faiss.IndexFlatL2,
    faiss.IndexFlat,
    faiss.IndexPQ,
    faiss.IndexScalarQuantizer,
)
IN_LISTS = (faiss.IndexIVFFlat, faiss.IndexIVFPQ, faiss.IndexIVFScalarQuantizer)


def check_kind(index: "faiss.Index", place: object) -> None:
    """Refuse an index whose rows cannot be taken apart: graphs, and codes that FAISS keeps interleaved."""
    kind = type(_inner(index))
    if kind not in (*IN_A_BLOCK, *IN_LISTS):
        raise InputError(
            f"{place}: {kind.__name__} cannot be split into shards; use Flat, SQ, PQ, OPQ, or an inverted file "
            "(IVF) of these"
        )


def empty_like(index: "faiss.Index") -> "faiss.Index":
    """Make an index without rows that encodes as another does: with its codebooks, rotation and lists."""
    if isinstance(index, faiss.IndexFlat):  # a copy would have all vectors for a moment
        return faiss.IndexFlatIP(index.d) if _inner_product(index) else faiss.IndexFlatL2(index.d)
    empty = faiss.clone_index(index)
    inner: Any = _inner(empty)
    # What is mapped into memory belongs to the file: FAISS crashes where `reset` would empty that.
    if isinstance(inner, faiss.IndexIVF):
        lists: Any = faiss.ArrayInvertedLists(inner.nlist, inner.code_size)
        inner.replace_invlists(lists, True)
        lists.this.disown()
    else:
        inner.codes = faiss.MaybeOwnedVectorUInt8()
    inner.ntotal = empty.ntotal = 0
    return empty


def reserve(index: "faiss.Index", rows: int) -> None:
    """Take the memory for rows at once: FAISS would double it again and again, and copy what is there."""
    inner: Any = _inner(index)
    if isinstance(inner, faiss.IndexFlatCodes):
        filled = inner.codes.size()
        inner.codes.resize(rows * inner.code_size)
        inner.codes.resize(filled)


def append_rows(target: Any, source: Any, start: int, stop: int) -> None:
    """Append some rows of an index, in their order, to another that encodes alike.

    Parameters
    ----------
    target : faiss.Index
        Of a kind that `check_kind` lets pass.
    source : faiss.Index
        Of the same kind, with the same codebooks.
    start, stop : int
        The rows are those from `start` on, and before `stop`.

    Raises
    ------
    InputError
        If the rows of `source` have ids of their own.
    """
    if isinstance(target, faiss.IndexPreTransform):
        inner = _inner(target)
        append_rows(inner, _inner(source), start, stop)
        target.ntotal = inner.ntotal
    elif isinstance(target, faiss.IndexIVF):
        _append_to_lists(target, source, start, stop)
    else:
        size = source.code_size
        codes = faiss.rev_swig_ptr(source.codes.data(), source.ntotal * size).reshape(-1, size)
        target.add_sa_codes(codes[start:stop])


def _append_to_lists(target: Any, source: Any, start: int, stop: int) -> None:
    first, size = target.ntotal, source.code_size
    for number in range(source.nlist):
        length = source.invlists.list_size(number)
        if not length:
            continue
        ids = faiss.rev_swig_ptr(source.invlists.get_ids(number), length)
        codes = faiss.rev_swig_ptr(source.invlists.get_codes(number), length * size).reshape(length, size)
        wanted = (ids >= start) & (ids < stop)
        moved = np.ascontiguousarray(ids[wanted] - start + first)
        if len(moved):
            kept = np.ascontiguousarray(codes[wanted])
            target.invlists.add_entries(number, len(moved), faiss.swig_ptr(moved), faiss.swig_ptr(kept))
            target.ntotal += len(moved)
    if target.ntotal != first + stop - start:
        raise InputError(
            "the index has ids of its own instead of row numbers; build it with add, not add_with_ids"
        )


def _inner(index: "faiss.Index") -> "faiss.Index":
    """What holds the rows, behind what transforms them."""
    while isinstance(index, faiss.IndexPreTransform):
        index = faiss.downcast_index(index.index)
    return index


def _inner_product(index: "faiss.Index") -> bool:
    return index.metric_type == faiss.METRIC_INNER_PRODUCT
