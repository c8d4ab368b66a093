"""What training needs of an index, and nothing more."""

from typing import Protocol

import torch


class DenseIndex(Protocol):
    """The retrieval seam: the trainers know an index only by this."""

    @property
    def dimension(self) -> int:
        """Size of the vectors."""

    def __len__(self) -> int:
        """Number of documents."""

    def search(self, queries: torch.Tensor, k: int) -> tuple[torch.Tensor, torch.Tensor]:
        """Find the documents with the largest inner products.

        Parameters
        ----------
        queries : Tensor (B, d)
            Query embeddings.
        k : int
            Documents a query.

        Returns
        -------
        scores : Tensor (B, k)
            Inner products, falling; minus infinity where the index found fewer than k.
        rows : LongTensor (B, k)
            Row numbers, best first; -1 where the index found fewer than k.
        """

    def vectors(self, rows: torch.Tensor) -> torch.Tensor:
        """Vectors of the given rows, exact where the index stores them, decoded where it is compressed.

        Parameters
        ----------
        rows : LongTensor (...)
            Row numbers, none negative.

        Returns
        -------
        Tensor (..., d)
            Float32.
        """
