"""Train the query side without judgements: a teacher's run says which documents a query should find."""

import os
from dataclasses import replace
from functools import partial

import numpy as np

from pyserini_ltre.collection.judged import Judged
from pyserini_ltre.encode.batching import encode_texts
from pyserini_ltre.encode.model import BiEncoder
from pyserini_ltre.errors import InputError
from pyserini_ltre.index import IndexDirectory
from pyserini_ltre.train.data.taught import (
    HELD_OUT_REMARK,
    TaughtQueries,
    Unjudged,
    hold_out_made,
    taught_queries,
)
from pyserini_ltre.train.index_trainer import IndexTrainer
from pyserini_ltre.train.loop.checkpoints import content_fingerprint
from pyserini_ltre.train.loop.result import TrainingResult
from pyserini_ltre.train.loop.schedule import Schedule
from pyserini_ltre.train.loop.selection import Selection
from pyserini_ltre.train.losses.distillation import DistilLoss, DistilObjective
from pyserini_ltre.train.trainable import TRAINABLE, Part, QueryAdapter, Trainable

# Thousands of queries, all alike in what they teach: to have seen each once is enough.
DEFAULTS = {part: replace(kind.defaults, fewest_epochs=1) for part, kind in TRAINABLE.items()}
# No few judgements that could be learned by heart: the encoder may go faster.
DEFAULTS["encoder"] = replace(DEFAULTS["encoder"], learning_rate=1e-4)
ANCHORS: dict[Part, float] = {"encoder": 0.3, "adapter": 1.0, "lora": 1.0}
# Nor do so many queries need a narrow map: of MiniLM's 384 dimensions all may change.
ADAPTER_RANK = 384


class DistilTrainer(IndexTrainer):
    """Train a query encoder on what a teacher retrieves, against an index that stays as it is.

    Parameters
    ----------
    encoder, index, trainable, schedule, search_backend, vectors, tensorboard
        As for `QuerySideTrainer`.
    objective : DistilObjective, optional
        What is minimised.
    """

    def __init__(
        self,
        encoder: BiEncoder | str | os.PathLike,
        index: IndexDirectory | str | os.PathLike,
        objective: DistilObjective | None = None,
        trainable: Part = "encoder",
        schedule: Schedule | None = None,
        search_backend: str | None = None,
        vectors: str | os.PathLike | None = None,
        tensorboard: str | os.PathLike | None = None,
    ) -> None:
        super().__init__(encoder, index, trainable, schedule, search_backend, vectors, tensorboard)
        resolved = (objective or DistilObjective()).resolve(self.encoder.normalises, ANCHORS[trainable])
        self.loss = DistilLoss(resolved, self.index)

    def fit(
        self,
        unjudged: Unjudged,
        dev: Judged | None = None,
        checkpoints: str | os.PathLike[str] | None = None,
        resume: bool = False,
    ) -> TrainingResult:
        """Train, and keep the last weights unless they are to be distrusted, or those that are best on judged queries.

        Parameters
        ----------
        unjudged : Unjudged
            Queries to train on, and their teacher.
        dev : Judged, optional
            Judged queries to choose the encoder on. Without: if the trained encoder finds the documents worse that
            held-out queries were made from, the frozen one is kept.
        checkpoints, resume
            As for `QuerySideTrainer.fit`.

        Returns
        -------
        TrainingResult
            The encoder, its measures before and after, and what was left out.

        Raises
        ------
        InputError
            If nothing can be learned from the teacher.
        """
        objective = self.loss.objective
        taught = taught_queries(unjudged, self.directory.row_of, objective.depth)
        selection: Selection = "last" if dev is None else "best"
        if dev is None:
            if self.schedule.patience is not None:
                raise InputError(
                    "`patience` waits for a better dev measure: give judged dev queries, or leave it out"
                )
            held = hold_out_made(taught, unjudged, self.directory.row_of)
            if held is None:
                raise InputError(
                    "nothing to choose the encoder on: give `dev`, or queries with documents they were made from"
                )
            taught, dev = held
        return self._train(
            Judged(taught.queries, {}, 0, 0),
            dev,
            "distil",
            objective,
            partial(TaughtQueries, taught=taught),
            lambda embeddings, batch: self.loss(embeddings, batch["frozen"], batch["rows"], batch["targets"]),
            {"teacher": content_fingerprint(taught.content)},
            self._vectors(unjudged, dev),
            checkpoints,
            resume,
            (*taught.remarks, *([HELD_OUT_REMARK] if selection == "last" else [])),
            selection,
            DEFAULTS[self.trainable],
        )

    def _to_train(self) -> Trainable:
        if self.trainable == "adapter":
            return QueryAdapter(self.encoder, ADAPTER_RANK)
        return super()._to_train()

    def _vectors(self, unjudged: Unjudged, dev: Judged) -> dict[str, np.ndarray] | None:
        """The frozen embeddings of all queries, if those of the unjudged ones are known."""
        if unjudged.query_vectors is None:
            return None
        if any(unjudged.queries.get(qid, text) != text for qid, text in dev.queries.items()):
            return None  # the same ids stand for other queries
        others = {qid: text for qid, text in dev.queries.items() if qid not in unjudged.queries}
        embeddings = encode_texts(self.encoder, list(others.values()), "query") if others else ()
        return {**unjudged.query_vectors, **dict(zip(others, embeddings, strict=True))}
