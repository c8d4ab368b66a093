"""The gradient of a step summed where the vectors lie: what fetching the vectors of the hits is compared with.

Scores of the candidates are computed by the workers, which get dL/ds in the backward pass, and give the sum of each
query's vectors times it. Not part of pyserini_ltre: docs/scale.md says why.
"""

from typing import Any

import numpy as np
import torch

from pyserini_ltre.index.remote.searching import RemoteIndex
from pyserini_ltre.train.losses.candidates import candidates
from pyserini_ltre.train.losses.objective import RetrievalLoss


class SummedIndex(RemoteIndex):
    """Workers that give products and sums instead of vectors."""

    def products(self, queries: torch.Tensor, rows: torch.Tensor) -> torch.Tensor:
        """Inner products (B, m), with their gradient, of queries (B, d) with the documents in rows (B, m)."""
        return _Products.apply(queries, rows, self)

    def at_each(self, work: Any, rows: np.ndarray, *values: np.ndarray) -> list[tuple[np.ndarray, Any]]:
        """Have each shard do something with those of the rows (n,) that lie in it, and with values beside them."""
        asked = []
        for worker in self.workers.workers.values():
            for number in sorted(worker.shards):
                (here,) = ((rows >= self.starts[number]) & (rows < self.starts[number + 1])).nonzero()
                given = [value[here] if len(value) == len(rows) else value for value in values]
                question = self.backend, number, rows[here] - self.starts[number], *given
                asked.append((here, worker.actor.__ray_call__.remote(work, *question)))
        return [(here, self.workers.ray.get(answer)) for here, answer in asked]


class _Products(torch.autograd.Function):
    @staticmethod
    def forward(context: Any, queries: torch.Tensor, rows: torch.Tensor, index: SummedIndex) -> torch.Tensor:
        context.rows, context.index = rows.flatten().numpy(), index
        context.of = np.repeat(np.arange(len(queries), dtype=np.int32), rows.shape[1])
        scores = np.empty(len(context.rows), np.float32)
        for here, found in index.at_each(scores_of, context.rows, context.of, queries.detach().numpy()):
            scores[here] = found
        return torch.from_numpy(scores).view(rows.shape)

    @staticmethod
    def backward(context: Any, gradient: torch.Tensor) -> tuple[torch.Tensor, None, None]:  # type: ignore[override]
        given = context.of, gradient.contiguous().view(-1).numpy(), np.array([len(gradient)])
        sums = [part for _, part in context.index.at_each(sums_of, context.rows, *given)]
        return torch.from_numpy(np.sum(sums, axis=0)), None, None


def scores_of(holder: Any, backend: str, number: int, rows: Any, of: Any, queries: Any) -> np.ndarray:
    """In a worker: inner products (n,) of rows (n,) with the queries (B, d) that they were found for, `of` (n,)."""
    vectors = holder.vectors({number: rows}, backend)[number]
    scores = np.empty(len(rows), np.float32)
    for query, part in enumerate(_parts(of, len(queries))):
        scores[part] = vectors[part] @ queries[query]
    return scores


def sums_of(
    holder: Any, backend: str, number: int, rows: Any, of: Any, gradient: Any, queries: Any
) -> np.ndarray:
    """In a worker: for each query the sum (d,) of the vectors found for it, each times its dL/ds."""
    vectors = holder.vectors({number: rows}, backend)[number]
    return np.stack([gradient[part] @ vectors[part] for part in _parts(of, int(queries[0]))])


def _parts(of: np.ndarray, queries: int) -> list[slice]:
    limits = np.searchsorted(of, np.arange(queries + 1)).tolist()
    return [slice(*limits[query : query + 2]) for query in range(queries)]


def summed_loss(
    loss: RetrievalLoss,
    queries: torch.Tensor,
    frozen: torch.Tensor,
    positives: torch.Tensor,
    grades: torch.Tensor,
) -> torch.Tensor:
    """What a `RetrievalLoss` computes, by a `SummedIndex`."""
    _, retrieved = loss.index.search(queries.detach(), loss.hits)
    documents = candidates(retrieved, positives, grades, loss.objective.max_appended_positives)
    products = loss.index.products(queries, documents.rows)
    ranking = loss._ranking_loss(products * loss.score_scale, documents)
    return ranking + loss.anchor * (queries - frozen).square().sum(1).mean()
