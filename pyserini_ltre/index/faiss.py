"""Any FAISS index behind the retrieval seam."""

import os
from typing import Any

import faiss
import numpy as np
import torch

from pyserini_ltre.errors import InputError
from pyserini_ltre.index.refine import is_refined

# Vectors decoded at a time.
CHUNK = 8192
# Bytes from which a file is mapped into memory: FAISS 1.15 crashes where it maps a file that ends within its header.
MAPPED_FROM = 1 << 20


class FaissIndex:
    """Search and vectors of a FAISS index as it is on disk, with the search parameters stored in it.

    Only where an HNSW graph would look at fewer documents than are wanted (its usual efSearch is 16, and then most of
    200 hits are missing), it looks at as many.

    Parameters
    ----------
    index : faiss.Index
        An inner-product index.

    Raises
    ------
    InputError
        If its metric is not the inner product, or FAISS cannot search it: a damaged file.
    """

    def __init__(self, index: "faiss.Index") -> None:
        if index.metric_type != faiss.METRIC_INNER_PRODUCT:
            raise InputError(
                "the index measures Euclidean distance; build it for the inner product (METRIC_INNER_PRODUCT)"
            )
        self.index = index
        # A damaged file may be read without complaint. Of a flat index, one search is a pass over the whole file.
        if index.ntotal and not isinstance(index, faiss.IndexFlat):
            try:
                self.search(torch.zeros(1, self.dimension), 1)
            except RuntimeError as error:
                raise InputError(f"FAISS cannot search it ({_reason(error)}); build it again") from None

    def __len__(self) -> int:
        return self.index.ntotal

    @property
    def dimension(self) -> int:
        """Size of the vectors."""
        return self.index.d

    def search(self, queries: torch.Tensor, k: int) -> tuple[torch.Tensor, torch.Tensor]:
        """Find k documents with large inner products; see `DenseIndex.search`."""
        wanted = np.ascontiguousarray(queries.detach().float().cpu().numpy())
        deep_enough = None
        if isinstance(self.index, faiss.IndexHNSW) and self.index.hnsw.efSearch < k:
            deep_enough = faiss.SearchParametersHNSW(efSearch=k)  # type: ignore[attr-defined]  # not in its stubs
        found = self.index.search(wanted, k, params=deep_enough)
        if found[1].max(initial=-1) >= len(self) or found[1].min(initial=-1) < -1:
            raise InputError(
                "rows are found that it has not: it is damaged, or has ids of its own instead of row numbers; build it "
                "again with add, not add_with_ids"
            )
        scores, rows = torch.from_numpy(found[0]), torch.from_numpy(found[1])
        return scores.masked_fill(rows < 0, float("-inf")).to(queries.device), rows.to(queries.device)

    def vectors(self, rows: torch.Tensor) -> torch.Tensor:
        """Vectors of rows, decoded where the index is compressed; see `DenseIndex.vectors`."""
        prepare_decoding(self.index)
        # Each row is decoded once however often it was retrieved in the batch.
        unique, place = np.unique(rows.cpu().numpy().ravel(), return_inverse=True)
        try:
            decoded = decode(self.index, unique)
        except RuntimeError as error:
            raise InputError(
                f"FAISS cannot give the vectors of the index back ({_reason(error)}); build it of another kind, "
                "or give the original ones"
            ) from None
        return torch.from_numpy(decoded[place]).view(*rows.shape, self.dimension).to(rows.device)

    def all_vectors(self) -> torch.Tensor:
        """All vectors, (N, d) float32, decoded a chunk at a time."""
        vectors = torch.empty(len(self), self.dimension)
        for rows in torch.arange(len(self)).split(CHUNK):
            vectors[rows] = self.vectors(rows)
        return vectors


def prepare_decoding(index: "faiss.Index") -> None:
    """Let an inverted file find its rows: 8 bytes a row, so not before someone asks for vectors."""
    found = None if is_refined(index) else faiss.try_extract_index_ivf(index)
    if found is None:
        return
    inverted: Any = faiss.downcast_index(found)
    if isinstance(inverted, faiss.IndexIVFPQFastScan):
        fast_scan: Any = inverted  # FAISS's stubs lack `fine_quantizer`
        if fast_scan.fine_quantizer is None:
            fast_scan.fine_quantizer = (
                fast_scan.pq
            )  # FAISS 1.15 forgets it when it reads the file, and crashes
    if inverted.direct_map.no():
        try:
            inverted.make_direct_map()
        except RuntimeError as error:
            if "sequential ids" not in str(error).replace("seuquential", "sequential"):
                raise
            raise InputError(
                "the index has ids of its own instead of row numbers; build it with add, not add_with_ids"
            ) from None


def decode(index: "faiss.Index", rows: np.ndarray) -> np.ndarray:
    """Vectors (n, d) of rows (n,)."""
    if is_refined(index):
        return decode(faiss.downcast_index(index.refine_index), rows)
    if not isinstance(index, faiss.IndexPreTransform):
        return index.reconstruct_batch(rows)
    # FAISS would undo the transforms row by row; one product for all rows is several times faster.
    transformed = decode(faiss.downcast_index(index.index), rows)
    vectors = np.empty((len(rows), index.d), dtype=np.float32)
    transforms: Any = index  # FAISS's stubs give `reverse_chain` other arguments
    transforms.reverse_chain(len(rows), faiss.swig_ptr(transformed), faiss.swig_ptr(vectors))
    return vectors


def flat_vectors(index: "faiss.Index") -> np.ndarray | None:
    """All vectors of a flat index, (N, d) float32: its own memory (keep the index). None for any other index."""
    if not isinstance(index, faiss.IndexFlat):
        return None
    return faiss.rev_swig_ptr(index.get_xb(), index.ntotal * index.d).reshape(index.ntotal, index.d)


def read_index_file(path: str | os.PathLike[str]) -> "faiss.Index":
    """Read a FAISS index, memory-mapped where FAISS can.

    Its search gives row numbers: a map of ids that only counts the rows is taken off.

    Raises
    ------
    InputError
        If FAISS cannot read it, or it has ids that are not row numbers.
    """
    mapped_flags = (faiss.IO_FLAG_MMAP_IFC,) if os.path.getsize(path) >= MAPPED_FROM else ()
    try:
        try:
            index = faiss.read_index(str(path), *mapped_flags)
        except RuntimeError:  # a kind that can only be read into memory, or a broken file
            if not mapped_flags:
                raise
            index = faiss.read_index(str(path))
    except (RuntimeError, MemoryError) as error:
        raise InputError(f"{path}: FAISS cannot read it ({_reason(error)}); build the index again") from None
    if not isinstance(index, faiss.IndexIDMap):
        return index
    if not np.array_equal(faiss.vector_to_array(index.id_map), np.arange(index.ntotal)):
        raise InputError(
            f"{path}: its ids are not the row numbers 0, 1, 2 ...; build the index without an id map"
        )
    mapped = faiss.downcast_index(index.index)
    mapped.referenced_objects = [index]  # type: ignore[attr-defined]  # ours: the map owns it
    return mapped


def _reason(error: Exception) -> str:
    return str(error).splitlines()[0][-160:]
