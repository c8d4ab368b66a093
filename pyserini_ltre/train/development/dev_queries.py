"""Measure an encoder on judged queries by full retrieval, as a search command would."""

from collections.abc import Callable

import torch
from torch.utils.data import Dataset

from pyserini_ltre.collection.judged import Judged
from pyserini_ltre.collection.records import Run
from pyserini_ltre.eval import evaluate_per_query
from pyserini_ltre.index import DenseIndex
from pyserini_ltre.index.seam import retrieve

MEASURE = "nDCG@10"
MEASURES = ("nDCG@10", "RR@10", "R@100")
HITS = 100

Measures = dict[str, dict[str, float]]
"""Measure -> query id -> value."""


class DevQueries(Dataset):
    """Judged queries on which training is watched and the encoder is chosen; an item is a query's text.

    Parameters
    ----------
    judged : Judged
        The queries.
    index : DenseIndex
        Searched in full.
    docids : list of str
        A document id a row.
    embed : callable
        Gives the embeddings (N, d) of texts with the weights as they are now.
    """

    def __init__(
        self,
        judged: Judged,
        index: DenseIndex,
        docids: list[str],
        embed: Callable[[list[str]], torch.Tensor],
    ) -> None:
        self.judged = judged
        self.index = index
        self.docids = docids
        self.embed = embed
        self.texts = list(judged.queries.values())

    def __len__(self) -> int:
        return len(self.texts)

    def __getitem__(self, item: int) -> str:
        return self.texts[item]

    def run(self, embeddings: torch.Tensor) -> Run:
        """Retrieve with the embeddings (N, d) of the queries, in their order."""
        return retrieve(self.index, self.docids, list(self.judged.queries), embeddings, HITS)

    def measure(self, embeddings: torch.Tensor | None = None) -> Measures:
        """Each of `MEASURES`, query by query, with given embeddings (N, d) or those of the weights as they are."""
        embeddings = self.embed(self.texts) if embeddings is None else embeddings
        return evaluate_per_query(self.run(embeddings), self.judged.qrels, MEASURES)


def means(measures: Measures) -> dict[str, float]:
    """Mean of each measure over the queries."""
    return {name: sum(values.values()) / len(values) for name, values in measures.items()}
