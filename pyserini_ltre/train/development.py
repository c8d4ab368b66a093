"""Measure an encoder on judged queries by full retrieval, as a search command would."""

from collections.abc import Iterable

import torch

from pyserini_ltre.collection.records import Run
from pyserini_ltre.encode.batching import encode_texts
from pyserini_ltre.encode.model import BiEncoder
from pyserini_ltre.eval import evaluate, evaluate_per_query
from pyserini_ltre.index import DenseIndex
from pyserini_ltre.train.data import Judged

MEASURE = "nDCG@10"
MEASURES = ("nDCG@10", "RR@10", "R@100")
HITS = 100
# Queries searched at a time.
BATCH = 256


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

    def run(self, encoder: BiEncoder) -> Run:
        """Retrieve for every query with the encoder as it is now."""
        embeddings = torch.from_numpy(encode_texts(encoder, list(self.judged.queries.values()), "query"))
        run: Run = {}
        k = min(HITS, len(self.index))
        for qids, batch in zip(_batches(list(self.judged.queries)), embeddings.split(BATCH), strict=True):
            scores, rows = self.index.search(batch.to(encoder.device), k)
            for qid, values, found in zip(qids, scores.tolist(), rows.tolist(), strict=True):
                run[qid] = {
                    self.docids[row]: value for row, value in zip(found, values, strict=True) if row >= 0
                }
        return run

    def measure(self, encoder: BiEncoder) -> dict[str, float]:
        """Mean of each of `MEASURES`."""
        return evaluate(self.run(encoder), self.judged.qrels, MEASURES)

    def measure_per_query(self, encoder: BiEncoder) -> dict[str, float]:
        """`MEASURE` of each query."""
        return evaluate_per_query(self.run(encoder), self.judged.qrels, [MEASURE])[MEASURE]


def _batches(qids: list[str]) -> Iterable[list[str]]:
    return (qids[start : start + BATCH] for start in range(0, len(qids), BATCH))
