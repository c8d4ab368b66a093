"""What training needs of an index, and nothing more; ranked lists of many queries by it."""

from typing import Protocol

import torch
from tqdm import tqdm

from pyserini_ltre.cluster import fetched

# Queries searched at a time.
BATCH = 256


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


def retrieve(
    index: DenseIndex,
    docids: list[str],
    qids: list[str],
    embeddings: torch.Tensor,
    hits: int,
    progress: bool = False,
) -> dict[str, dict[str, float]]:
    """Search with each query.

    Parameters
    ----------
    index, docids
        The documents, and their ids, one a row.
    qids, embeddings
        Ids of the N queries, and their vectors (N, d).
    hits : int
        Documents a query; all if there are fewer.
    progress : bool
        Whether to show a bar.

    Returns
    -------
    dict of str to dict of str to float
        Query id -> document id -> inner product, best first.
    """
    run = {}
    k = min(hits, len(index))
    with tqdm(total=len(qids), unit=" queries", desc="searching", disable=not progress) as bar:
        for start in range(0, len(qids), BATCH):
            scores, rows = index.search(embeddings[start : start + BATCH], k)
            batch = qids[start : start + BATCH]
            names = fetched(docids, rows[rows >= 0].tolist())
            for qid, values, found in zip(batch, scores.tolist(), rows.tolist(), strict=True):
                run[qid] = {names[row]: value for row, value in zip(found, values, strict=True) if row >= 0}
            bar.update(len(batch))
    return run
