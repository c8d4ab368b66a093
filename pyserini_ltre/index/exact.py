"""Exact search in torch, one matrix product a chunk of documents: in float32, or in bfloat16 with half the memory."""

import torch
from torch.nn.functional import embedding

from pyserini_ltre.index.seam import DenseIndex

# Scores computed at a time. On a CPU they should stay in its cache; a GPU wants fewer, larger products.
SCORES = {"cpu": 2**21, "cuda": 2**27}
SMALLEST_CHUNK = 1024
# Documents converted at a time.
CHUNK = 8192
# Elements of the document vectors that are scored again at a time.
ELEMENTS = 2**24


def exact_search(
    documents: torch.Tensor, queries: torch.Tensor, k: int, chunk: int | None = None
) -> tuple[torch.Tensor, torch.Tensor]:
    """Find the k documents with the largest inner products.

    Parameters
    ----------
    documents : Tensor (N, d)
        Vectors of any floating-point type; their device is where the search runs.
    queries : Tensor (B, d)
        Vectors of the same type and device.
    k : int
        Documents a query.
    chunk : int, optional
        Documents scored at a time; by default chosen from the number of queries and the device.

    Returns
    -------
    scores : Tensor (B, k)
        Float32, falling; minus infinity where there are fewer than k documents.
    rows : LongTensor (B, k)
        Best first; -1 where there are fewer than k documents.
    """
    device = documents.device
    chunk = chunk or max(SMALLEST_CHUNK, SCORES.get(device.type, SCORES["cuda"]) // max(1, len(queries)))
    scores = torch.full((len(queries), k), float("-inf"), device=device)
    rows = torch.full((len(queries), k), -1, device=device)
    for start in range(0, len(documents), chunk):
        # Documents come first in the product: the smaller matrix is the one that the CPU has to rearrange.
        products = documents[start : start + chunk] @ queries.T
        if start == 0:
            found, found_rows = products.T.float().topk(min(k, len(products)), dim=1)
        else:
            # After the first chunks almost no document enters any query's top k; only those are merged.
            candidates = _rows_with_any(products > scores[:, -1].to(products.dtype)).nonzero().squeeze(1)
            found, found_rows = products[candidates].T.float(), (candidates + start).expand(len(queries), -1)
        scores, order = torch.cat([scores, found], 1).topk(k, dim=1)
        rows = torch.cat([rows, found_rows], 1).gather(1, order)
    return scores, rows


def gathered(documents: torch.Tensor, rows: torch.Tensor) -> torch.Tensor:
    """Vectors (..., d) of rows (...), none negative, in float32; four times as fast as indexing with brackets."""
    return embedding(rows, documents).float()


def _rows_with_any(flags: torch.Tensor) -> torch.Tensor:
    """Which rows (n,) of flags (n, B) have one that is set; eight are looked at together where they fill words."""
    return (flags.view(torch.int64) if flags.shape[1] % 8 == 0 else flags).any(1)


class ExactIndex:
    """Exact inner-product search over vectors in memory, or in a memory-mapped file.

    Parameters
    ----------
    documents : Tensor (N, d)
        Document vectors; their device is where the search runs.
    chunk : int, optional
        See `exact_search`.
    owner : object, optional
        What the memory of `documents` belongs to; kept alive as long as this index.
    """

    def __init__(self, documents: torch.Tensor, chunk: int | None = None, owner: object = None) -> None:
        self.documents = documents
        self.chunk = chunk
        self.owner = owner

    def __len__(self) -> int:
        return self.documents.shape[0]

    @property
    def dimension(self) -> int:
        """Size of the vectors."""
        return self.documents.shape[1]

    @torch.no_grad()
    def search(self, queries: torch.Tensor, k: int) -> tuple[torch.Tensor, torch.Tensor]:
        """Find the k documents with the largest inner products; see `DenseIndex.search`."""
        moved = queries.detach().to(self.documents.device, self.documents.dtype)
        scores, rows = exact_search(self.documents, moved, k, self.chunk)
        return scores.to(queries.device), rows.to(queries.device)

    def vectors(self, rows: torch.Tensor) -> torch.Tensor:
        """Vectors of rows; see `DenseIndex.vectors`."""
        return gathered(self.documents, rows.to(self.documents.device)).to(rows.device)


class Bfloat16Index:
    """Exact search over a bfloat16 copy of an index's vectors.

    bfloat16 keeps 8 bits of a number, so two things are done against rounding. The mean vector is taken off all
    documents first: that lowers all scores of a query by the same amount, so the ranking stays, and what is left to
    round is small, which matters most for encoders whose scores are all large. And an eighth more than k documents are
    searched for and scored again, in float32, from which the best k are kept.

    The search is fast on CPUs with AVX-512 or AMX, and on GPUs; on an older CPU the float32 search is faster.

    Parameters
    ----------
    originals : DenseIndex
        Where the vectors come from. It goes on giving them, exact, to those who ask for `vectors`.
    device : str or torch.device
        Where the copy lies and the search runs.
    """

    def __init__(self, originals: DenseIndex, device: str | torch.device = "cpu") -> None:
        self.originals = originals
        spread = torch.linspace(0, len(originals) - 1, min(CHUNK, len(originals))).long()
        self.centre = originals.vectors(spread).mean(0)
        self.documents = torch.empty(len(originals), originals.dimension, dtype=torch.bfloat16, device=device)
        for start in range(0, len(originals), CHUNK):
            rows = torch.arange(start, min(start + CHUNK, len(originals)))
            self.documents[start : start + CHUNK] = originals.vectors(rows) - self.centre

    def __len__(self) -> int:
        return len(self.originals)

    @property
    def dimension(self) -> int:
        """Size of the vectors."""
        return self.originals.dimension

    @torch.no_grad()
    def search(self, queries: torch.Tensor, k: int) -> tuple[torch.Tensor, torch.Tensor]:
        """Find the k documents with the largest inner products; see `DenseIndex.search`."""
        moved = queries.detach().to(self.documents.device).float()
        _, rows = exact_search(self.documents, moved.bfloat16(), k + k // 8 + 16)
        queries_a_time = max(1, ELEMENTS // (rows.shape[1] * self.dimension))
        parts = zip(moved.split(queries_a_time), rows.clamp(min=0).split(queries_a_time), strict=True)
        scores = torch.cat([torch.einsum("bd,bkd->bk", q, gathered(self.documents, r)) for q, r in parts])
        scores, order = scores.masked_fill(rows < 0, float("-inf")).topk(k, dim=1)
        scores = scores + (moved @ self.centre.to(moved.device)).unsqueeze(1)
        return scores.to(queries.device), rows.gather(1, order).to(queries.device)

    def vectors(self, rows: torch.Tensor) -> torch.Tensor:
        """Vectors of rows, exact; see `DenseIndex.vectors`."""
        return self.originals.vectors(rows)
