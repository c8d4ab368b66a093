"""Try settings of feedback on training queries, and keep the best if these and dev queries say that it helps."""

import hashlib
from dataclasses import replace

from tqdm import tqdm

from pyserini_ltre.collection.held_out import with_dev
from pyserini_ltre.collection.judged import Judged
from pyserini_ltre.encode.feedback import Feedback, FeedbackWeights, refuse_feedback
from pyserini_ltre.encode.feedback.passages import Passages
from pyserini_ltre.encode.feedback.reader import Reader
from pyserini_ltre.encode.feedback.reading import Reading
from pyserini_ltre.encode.model import BiEncoder
from pyserini_ltre.errors import InputError
from pyserini_ltre.eval import PairedComparison, paired_t_test
from pyserini_ltre.index import DenseIndex, IndexDirectory
from pyserini_ltre.index.check import check_dimension, check_vectors
from pyserini_ltre.train.development import MEASURE, means
from pyserini_ltre.train.feedback.choice import CHOSEN_BY, Choice, summed
from pyserini_ltre.train.feedback.grid import FeedbackGrid
from pyserini_ltre.train.feedback.result import FeedbackResult
from pyserini_ltre.train.feedback.searched import SearchedQueries
from pyserini_ltre.train.loop.selection import SIGNIFICANCE

# Training queries that a setting is tried on: a second each, with all settings, for some thousands.
MOST = 3000


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
    passages : Passages, optional
        The texts of the index, in tokens of the encoder. With them, settings that read documents beside the query are
        tried as well.

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
        passages: Passages | None = None,
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
        self.passages = passages
        self.settings = list(grid.settings(len(self.index), passages is not None))
        if passages is not None:
            _check_reading(self.encoder, self.unseen)
        self.always = grid.always

    def fit(self, train: Judged, dev: Judged | None = None) -> FeedbackResult:
        """Try every setting on the training queries, and keep the best if it helps.

        Parameters
        ----------
        train : Judged
            What to choose on: the setting with the largest sum of nDCG@10 and R@100, among those that do not lower
            nDCG@10.
        dev : Judged, optional
            What the encoder has not been trained on. Feedback, which costs each query a second search, is kept if
            neither this sum nor nDCG@10 is smaller with it here, and the sum grows by more than chance (p < 0.05,
            paired t-test) over these queries and the training queries, each of which then sees the setting that others
            choose. By default a tenth of the training queries, which the unseen encoder then embeds.

        Returns
        -------
        FeedbackResult
            The encoder, with feedback if that is kept.
        """
        embeds_dev = self.unseen if dev is None else self.encoder
        train, dev = with_dev(train, dev)
        train = _some(train)
        searched = self._searched(self.unseen, train, self.settings)
        without = searched.measures(None)
        tried = [searched.measures(setting) for setting in tqdm(self.settings, unit=" setting")]
        choice = Choice(without, tried)
        chosen = choice.best()
        best = self.settings[chosen.number]
        searched = self._searched(embeds_dev, dev, [best])
        before, after = (searched.measures(setting) for setting in (None, best))
        then, now = means(before), means(after)
        evidence = _evidence(choice.crossed(), (summed(before), summed(after)))
        better_on_dev = (
            now[MEASURE] >= then[MEASURE] and sum(now[name] - then[name] for name in CHOSEN_BY) >= 0
        )
        grows = evidence.mean_difference > 0 and evidence.p_value < SIGNIFICANCE
        improved = chosen.safe and better_on_dev and grows
        if improved or self.always:
            reading = self._reading(self.encoder) if best.read else None
            self.encoder.give_feedback(Feedback(self.directory, best, self.index, reading))
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
            evidence=evidence,
            without=means(without),
            tried=list(zip(self.settings, map(means, tried), strict=True)),
        )

    def _searched(
        self, encoder: BiEncoder, judged: Judged, settings: list[FeedbackWeights]
    ) -> SearchedQueries:
        return SearchedQueries(
            encoder, judged, self.index, self.directory.docids, settings, self._reading(encoder)
        )

    def _reading(self, encoder: BiEncoder) -> Reading | None:
        return None if self.passages is None else Reading.of(encoder, self.passages)


def _check_reading(encoder: BiEncoder, unseen: BiEncoder) -> None:
    """Refuse two encoders that cannot read the same texts: one does while learning, the other ever after."""
    if encoder.tokenizer.get_vocab() != unseen.tokenizer.get_vocab():
        raise InputError(
            f"{unseen.name}: has other tokens than {encoder.name}; with `texts`, name with `unseen` an encoder "
            "that has the same"
        )
    Reader.of(encoder)


def _evidence(*pairs: tuple[dict[str, float], dict[str, float]]) -> PairedComparison:
    """Compare the second of each pair with the first, over the queries of all pairs."""
    joined = [
        {f"{number} {qid}": value for number, pair in enumerate(pairs) for qid, value in pair[side].items()}
        for side in (0, 1)
    ]
    return paired_t_test(*joined)


def _some(judged: Judged) -> Judged:
    """At most `MOST` of the queries, by a hash of their ids."""
    by_hash = sorted(judged.queries, key=lambda qid: hashlib.sha256(qid.encode()).digest())
    kept = set(by_hash[:MOST])
    queries = {qid: text for qid, text in judged.queries.items() if qid in kept}
    return replace(judged, queries=queries, qrels={qid: judged.qrels[qid] for qid in queries})
