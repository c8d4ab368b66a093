"""Measure an encoder on judged queries by full retrieval, as a search command would."""

import torch

from pyserini_ltre.collection.records import Run
from pyserini_ltre.eval import evaluate_per_query
from pyserini_ltre.index import DenseIndex
from pyserini_ltre.index.retrieval import retrieve
from pyserini_ltre.train.data import Judged

MEASURE = "nDCG@10"
MEASURES = ("nDCG@10", "RR@10", "R@100")
HITS = 100


class DevelopmentSet:
    """Judged queries on which training is watched and the encoder is chosen.

    Parameters
    ----------
    judged : Judged
        The queries.
    index : DenseIndex
        Searched in full.
    docids : list of str
        A document id a row.
    """

    def __init__(self, judged: Judged, index: DenseIndex, docids: list[str]) -> None:
        self.judged = judged
        self.index = index
        self.docids = docids
        self.texts = list(judged.queries.values())

    def run(self, embeddings: torch.Tensor) -> Run:
        """Retrieve with the embeddings (N, d) of the queries, in their order."""
        return retrieve(self.index, self.docids, list(self.judged.queries), embeddings, HITS)

    def measure(self, embeddings: torch.Tensor) -> dict[str, dict[str, float]]:
        """Each of `MEASURES`, query by query, with the embeddings (N, d) of the queries."""
        return evaluate_per_query(self.run(embeddings), self.judged.qrels, MEASURES)


def means(measures: dict[str, dict[str, float]]) -> dict[str, float]:
    """Mean of each measure over the queries."""
    return {name: sum(values.values()) / len(values) for name, values in measures.items()}
