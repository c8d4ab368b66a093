"""Ranked lists of many queries from an index."""

import torch
from tqdm import tqdm

from pyserini_ltre.index.seam import DenseIndex

# Queries searched at a time.
BATCH = 256


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
    index : DenseIndex
        The documents.
    docids : list of str
        Their ids, one a row.
    qids : list of str
        Ids of the N queries.
    embeddings : Tensor (N, d)
        The queries, in the order of `qids`.
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
            for qid, values, found in zip(batch, scores.tolist(), rows.tolist(), strict=True):
                run[qid] = {docids[row]: value for row, value in zip(found, values, strict=True) if row >= 0}
            bar.update(len(batch))
    return run
