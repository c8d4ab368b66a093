"""Learn feedback: how far to move a query toward what a first search finds, chosen by the measure it is for.

Three numbers are learned, so a grid of them is tried on judged queries, each by a full second search. There are no
gradients: those of our losses lead the wrong way (docs/feedback.md).
"""

import hashlib
from dataclasses import replace
from typing import NamedTuple

import torch
from tqdm import tqdm

from pyserini_ltre.collection.held_out import with_dev
from pyserini_ltre.collection.judged import Judged
from pyserini_ltre.encode.batching import check_finite, encode_texts
from pyserini_ltre.encode.feedback import Feedback, FeedbackWeights, fed_back, refuse_feedback
from pyserini_ltre.encode.model import BiEncoder
from pyserini_ltre.eval import paired_t_test
from pyserini_ltre.index import DenseIndex, IndexDirectory
from pyserini_ltre.index.check import check_dimension, check_vectors
from pyserini_ltre.train.development import MEASURE, DevQueries, Measures, means
from pyserini_ltre.train.feedback_grid import FeedbackGrid
from pyserini_ltre.train.feedback_result import FeedbackResult
from pyserini_ltre.train.loop.selection import SIGNIFICANCE

# Training queries that a setting is tried on: a second each, with all settings, for some thousands.
MOST = 3000
# The measure of the top, which must not fall, and one of what a second search is there to find.
CHOSEN_BY = (MEASURE, "R@100")


class FeedbackTrainer:
    """Learn feedback for an encoder on an index that stays as it is.

    Parameters
    ----------
    encoder : BiEncoder
        Gets the feedback; its weights stay as they are.
    index : IndexDirectory
        Of the first search, and of the second while learning.
    grid : FeedbackGrid, optional
        What is tried.
    unseen : BiEncoder, optional
        An encoder that was not trained on the training queries, which embeds them: one that was would find better
        documents for them than for any query to come. By default `encoder`, which then must not have seen them.
    search_backend : {"exact", "exact-bf16", "faiss"}, optional
        See `IndexDirectory.open`.

    Raises
    ------
    InputError
        If encoders and index do not fit, or an encoder has feedback already.
    """

    def __init__(
        self,
        encoder: BiEncoder,
        index: IndexDirectory,
        grid: FeedbackGrid | None = None,
        unseen: BiEncoder | None = None,
        search_backend: str | None = None,
    ) -> None:
        self.encoder = encoder
        self.unseen = encoder if unseen is None else unseen
        self.directory = index
        for each in (self.encoder, self.unseen):
            refuse_feedback(each, "learning feedback")
            check_dimension(index, each.dimension, each.name)
        self.index: DenseIndex = index.open(search_backend)
        check_vectors(self.index, index, encoder)
        grid = FeedbackGrid() if grid is None else grid
        self.settings = list(grid.settings(len(self.index)))
        self.always = grid.always

    def fit(self, train: Judged, dev: Judged | None = None) -> FeedbackResult:
        """Try every setting on the training queries, and keep the best if dev queries agree.

        Parameters
        ----------
        train : Judged
            What to choose on: the setting with the largest sum of nDCG@10 and R@100, among those that do not lower
            nDCG@10.
        dev : Judged, optional
            What the encoder has not been trained on: feedback, which costs each query a second search, is kept if this
            sum is larger with it by more than chance (p < 0.05, paired t-test) and nDCG@10 is not smaller. By default
            a tenth of the training queries, which the unseen encoder then embeds.

        Returns
        -------
        FeedbackResult
            The encoder, with feedback if that is kept.
        """
        embeds_dev = self.unseen if dev is None else self.encoder
        train, dev = with_dev(train, dev)
        train = _some(train)
        searched = self._searched(self.unseen, train)
        without = means(searched.measures(None))
        tried = [
            (setting, means(searched.measures(setting))) for setting in tqdm(self.settings, unit=" setting")
        ]
        safe = [pair for pair in tried if pair[1][MEASURE] >= without[MEASURE]]
        best = max(safe or tried, key=lambda pair: _summed(pair[1]))[0]
        searched = self._searched(embeds_dev, dev)
        before, after = (searched.measures(setting) for setting in (None, best))
        then, now = means(before), means(after)
        improved = bool(safe) and now[MEASURE] >= then[MEASURE] and _is_better(before, after)
        if improved or self.always:
            self.encoder.give_feedback(Feedback(self.directory, best, self.index))
        return FeedbackResult(
            encoder=self.encoder,
            train=train,
            dev=dev,
            index=self.directory,
            unseen=self.unseen.name,
            weights=best,
            before=then,
            after=now,
            comparisons={name: paired_t_test(before[name], after[name]) for name in before},
            improved=improved,
            kept=improved or self.always,
            without=without,
            tried=tried,
        )

    def _searched(self, encoder: BiEncoder, judged: Judged) -> "_Searched":
        vectors = encode_texts(encoder, list(judged.queries.values()), "query", progress=True, backend="auto")
        queries = torch.from_numpy(check_finite(vectors, encoder))
        deepest = max(setting.depth for setting in self.settings)
        return _Searched(
            queries,
            *self.index.search(queries, deepest),
            DevQueries(judged, self.index, self.directory.docids, lambda texts: queries),
        )


class _Searched(NamedTuple):
    """Judged queries after their first search."""

    queries: torch.Tensor
    scores: torch.Tensor
    rows: torch.Tensor
    judged: DevQueries

    def measures(self, weights: FeedbackWeights | None) -> Measures:
        """Measures of each query by a search with its embedding: the second one, if there are weights."""
        if weights is None:
            return self.judged.measure(self.queries)
        scores, rows = self.scores[:, : weights.depth], self.rows[:, : weights.depth]
        documents = self.judged.index.vectors(rows.clamp(min=0))
        return self.judged.measure(fed_back(self.queries, scores, documents, weights))


def _summed(measures: dict[str, float]) -> float:
    return sum(measures[name] for name in CHOSEN_BY)


def _is_better(before: Measures, after: Measures) -> bool:
    """Whether the sum of the measures has grown, from query to query, by more than chance."""
    sums = [
        {qid: sum(values[name][qid] for name in CHOSEN_BY) for qid in values[MEASURE]}
        for values in (before, after)
    ]
    compared = paired_t_test(*sums)
    return compared.mean_difference > 0 and compared.p_value < SIGNIFICANCE


def _some(judged: Judged) -> Judged:
    """At most `MOST` of the queries, by a hash of their ids."""
    by_hash = sorted(judged.queries, key=lambda qid: hashlib.sha256(qid.encode()).digest())
    kept = set(by_hash[:MOST])
    queries = {qid: text for qid, text in judged.queries.items() if qid in kept}
    return replace(judged, queries=queries, qrels={qid: judged.qrels[qid] for qid in queries})
