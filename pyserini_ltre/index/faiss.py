"""Any FAISS index behind the retrieval seam."""

import faiss
import numpy as np
import torch

from pyserini_ltre.errors import InputError


class FaissIndex:
    """Search and vectors of a FAISS index as it is on disk.

    Parameters
    ----------
    index : faiss.Index
        An inner-product index whose vectors can be reconstructed.

    Raises
    ------
    InputError
        If its metric is not the inner product.
    """

    def __init__(self, index: "faiss.Index") -> None:
        if index.metric_type != faiss.METRIC_INNER_PRODUCT:
            raise InputError(
                "the index measures Euclidean distance; build it for the inner product (METRIC_INNER_PRODUCT)"
            )
        inverted = faiss.try_extract_index_ivf(index)
        if inverted is not None:
            inverted.make_direct_map()  # without it an inverted file cannot say where a row is
        self.index = index

    def __len__(self) -> int:
        return self.index.ntotal

    @property
    def dimension(self) -> int:
        """Size of the vectors."""
        return self.index.d

    def search(self, queries: torch.Tensor, k: int) -> tuple[torch.Tensor, torch.Tensor]:
        """Find k documents with large inner products; see `DenseIndex.search`."""
        wanted = np.ascontiguousarray(queries.detach().float().cpu().numpy())
        scores, rows = self.index.search(wanted, k)
        scores, rows = torch.from_numpy(scores), torch.from_numpy(rows)
        return scores.masked_fill(rows < 0, float("-inf")).to(queries.device), rows.to(queries.device)

    def vectors(self, rows: torch.Tensor) -> torch.Tensor:
        """Vectors of rows, decoded where the index is compressed; see `DenseIndex.vectors`."""
        # Each row is decoded once however often it was retrieved in the batch.
        unique, place = np.unique(rows.cpu().numpy().ravel(), return_inverse=True)
        decoded = self.index.reconstruct_batch(unique)
        return torch.from_numpy(decoded[place]).view(*rows.shape, self.dimension).to(rows.device)
