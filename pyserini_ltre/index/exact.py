"""Exact search in torch: one matrix product a chunk of documents, top-k merged."""

import torch

# Scores of a chunk take queries x this many x 4 bytes.
CHUNK = 65_536


class ExactIndex:
    """Exact inner-product search over vectors in memory.

    Parameters
    ----------
    documents : Tensor (N, d)
        Document vectors; their device is where the search runs.
    chunk : int
        Documents scored at a time.
    owner : object, optional
        What the memory of `documents` belongs to; kept alive as long as this index.
    """

    def __init__(self, documents: torch.Tensor, chunk: int = CHUNK, owner: object = None) -> None:
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
        device = queries.device
        queries = queries.detach().to(self.documents.device, self.documents.dtype)
        scores = rows = None
        for start in range(0, len(self), self.chunk):
            products = (queries @ self.documents[start : start + self.chunk].T).float()
            top, place = products.topk(min(k, products.shape[1]), dim=1)
            place = place + start
            if scores is None:
                scores, rows = top, place
            else:
                scores, order = torch.cat([scores, top], 1).topk(
                    min(k, scores.shape[1] + top.shape[1]), dim=1
                )
                rows = torch.cat([rows, place], 1).gather(1, order)
        missing = k - scores.shape[1]
        if missing > 0:
            scores = torch.nn.functional.pad(scores, (0, missing), value=float("-inf"))
            rows = torch.nn.functional.pad(rows, (0, missing), value=-1)
        return scores.to(device), rows.to(device)

    def vectors(self, rows: torch.Tensor) -> torch.Tensor:
        """Vectors of rows; see `DenseIndex.vectors`."""
        return self.documents[rows.to(self.documents.device)].float().to(rows.device)
