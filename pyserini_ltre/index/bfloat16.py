"""Exact search in half the memory: bfloat16 vectors, the best of them scored again in float32."""

import torch

from pyserini_ltre.index.exact import exact_search, gathered
from pyserini_ltre.index.seam import DenseIndex

# Documents converted at a time.
CHUNK = 8192
# Elements of the document vectors that are scored again at a time.
ELEMENTS = 2**24


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
