"""Judged queries after their first search, and their second one with any setting."""

import torch
from tqdm import tqdm

from pyserini_ltre.collection.judged import Judged
from pyserini_ltre.encode.backends import choose
from pyserini_ltre.encode.batching import check_finite, encode_texts, encode_token_ids
from pyserini_ltre.encode.feedback import FeedbackWeights, moved
from pyserini_ltre.encode.feedback.reading import Reading
from pyserini_ltre.encode.model import BiEncoder
from pyserini_ltre.index import DenseIndex
from pyserini_ltre.train.development import DevQueries, Measures

# Queries that are read at a time.
BATCH = 16


class SearchedQueries:
    """Judged queries after their first search.

    Parameters
    ----------
    encoder : BiEncoder
        Embeds them.
    judged : Judged
        The queries.
    index : DenseIndex
        Of both searches.
    docids : list of str
        A document id a row.
    settings : list of FeedbackWeights
        All that will be asked for.
    reading : Reading, optional
        What reads, if a setting reads.
    """

    def __init__(
        self,
        encoder: BiEncoder,
        judged: Judged,
        index: DenseIndex,
        docids: list[str],
        settings: list[FeedbackWeights],
        reading: Reading | None = None,
    ) -> None:
        texts = list(judged.queries.values())
        vectors = encode_texts(encoder, texts, "query", progress=True, backend="auto")
        self.queries = torch.from_numpy(check_finite(vectors, encoder))
        deepest = max(setting.deepest for setting in settings)
        self.scores, self.rows = index.search(self.queries, deepest)
        self.judged = DevQueries(judged, index, docids, lambda texts: self.queries)
        self.readings: dict[int, torch.Tensor] = {}
        reads = sorted({setting.read for setting in settings} - {0})
        if reading is not None and reads:
            tokens = encoder.tokenize(texts, "query")
            for read in reads:
                self.readings[read] = _readings(reading, tokens, self.rows[:, :read])

    def measures(self, weights: FeedbackWeights | None) -> Measures:
        """Measures of each query by a search with its embedding: the second one, if there are weights."""
        if weights is None:
            return self.judged.measure(self.queries)
        readings = self.readings.get(weights.read)
        index = self.judged.index
        return self.judged.measure(moved(index, self.queries, self.scores, self.rows, weights, readings))


def _readings(reading: Reading, tokens: list[list[int]], rows: torch.Tensor) -> torch.Tensor:
    """Embed all queries with the documents in their `rows`."""
    forward = choose(reading.reader, "auto", "fp32", len(tokens))
    joined = reading.joined(tokens, rows)
    with tqdm(total=len(joined), unit=" query", desc=f"reading {rows.shape[1]} documents beside each") as bar:
        return torch.from_numpy(encode_token_ids(reading.reader, joined, forward, BATCH, bar))
