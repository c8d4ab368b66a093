"""Train the query side of a dense index and keep what is best on dev, the frozen encoder included."""

import os
from collections.abc import Mapping, Sequence
from dataclasses import replace
from functools import partial
from typing import Any

import numpy as np
import torch
from transformers import TrainerCallback

from pyserini_ltre.collection.held_out import with_dev
from pyserini_ltre.collection.judged import Judged, judged_queries
from pyserini_ltre.collection.records import Qrels, Queries
from pyserini_ltre.encode.model import BiEncoder
from pyserini_ltre.errors import InputError
from pyserini_ltre.index import IndexDirectory
from pyserini_ltre.train.data.queries import TrainingQueries
from pyserini_ltre.train.data.taught import (
    HELD_OUT_REMARK,
    Taught,
    TaughtQueries,
    Unjudged,
    hold_out_made,
    taught_queries,
)
from pyserini_ltre.train.data.together import UNJUDGED, TogetherQueries
from pyserini_ltre.train.index_trainer import IndexTrainer, Loss, MakeData
from pyserini_ltre.train.loop.checkpoints import content_fingerprint
from pyserini_ltre.train.loop.result import TrainingResult
from pyserini_ltre.train.loop.schedule import Schedule, ScheduleDefaults
from pyserini_ltre.train.loop.selection import Selection
from pyserini_ltre.train.losses.distillation import DistilLoss, DistilObjective
from pyserini_ltre.train.losses.objective import Method, Objective
from pyserini_ltre.train.trainable import TRAINABLE, Part, Trainable
from pyserini_ltre.train.trainable.given_vectors import GivenVectors

# Of the loss on queries that nobody has judged, where there are judged ones beside them.
UNJUDGED_ANCHOR = 1.0
# With fewer judged queries, a tenth of them is under 30, among which chance decides.
FEW = 300
ALL_TRAINED_REMARK = f"fewer than {FEW} judged queries: all are trained on; {HELD_OUT_REMARK}"


class QuerySideTrainer(IndexTrainer):
    """Train a query encoder against an index that stays as it is.

    Parameters
    ----------
    encoder : BiEncoder, str or GivenVectors
        The encoder to start from, trained in place: the one that made the index. `GivenVectors` for the adapter alone.
    index : IndexDirectory or path
        Pyserini's index directory.
    objective : Objective or {"adore", "ltre", "softmax"}
        What is minimised.
    trainable : {"encoder", "adapter", "lora"}
        All weights, a low-rank map behind the encoder, or low-rank updates inside it.
    schedule : Schedule, optional
        How long and how fast.
    search_backend, vectors
        How the index is searched, and where the original vectors of a compressed one lie; see `IndexDirectory.open`.
    tensorboard : path, optional
        Folder for TensorBoard's event files.
    callbacks : sequence of transformers.TrainerCallback
        Told of each step: for a progress line of your own.

    Raises
    ------
    InputError
        If encoder and index do not fit, or a setting does not fit the index.

    Examples
    --------
    >>> trainer = QuerySideTrainer("all-MiniLM-L6-v2", "indexes/mine")  # doctest: +SKIP
    >>> result = trainer.fit(queries, qrels)  # doctest: +SKIP
    >>> result.save("my-encoder")  # doctest: +SKIP
    """

    def __init__(
        self,
        encoder: BiEncoder | GivenVectors | str | os.PathLike[str],
        index: IndexDirectory | str | os.PathLike[str],
        objective: Objective | Method = "adore",
        trainable: Part = "encoder",
        schedule: Schedule | None = None,
        search_backend: str | None = None,
        vectors: str | os.PathLike[str] | None = None,
        tensorboard: str | os.PathLike[str] | None = None,
        callbacks: Sequence[TrainerCallback] = (),
    ) -> None:
        objective = Objective(method=objective) if isinstance(objective, str) else objective
        super().__init__(encoder, index, trainable, schedule, search_backend, vectors, tensorboard, callbacks)
        self.loss = objective.resolve(self.index, self.encoder.normalises, TRAINABLE[trainable].anchor)

    def fit(
        self,
        queries: Queries,
        qrels: Qrels,
        dev: tuple[Queries, Qrels] | None = None,
        query_vectors: Mapping[str, np.ndarray] | None = None,
        checkpoints: str | os.PathLike[str] | None = None,
        resume: bool = False,
        unjudged: Unjudged | None = None,
    ) -> TrainingResult:
        """Train, and keep the weights that were best on dev.

        Parameters
        ----------
        queries : dict of str to str
            Training queries.
        qrels : dict of str to dict of str to int
            Their judgements.
        dev : pair of queries and qrels, optional
            What to choose the encoder on; by default a tenth of the training queries is held out.
        query_vectors : mapping of str to ndarray (d,), optional
            The frozen embedding of each query, where it is known already; for the adapter, all that is needed.
        checkpoints : path, optional
            Folder for checkpoints; by default one that is removed at the end.
        resume : bool
            Whether to go on from the newest checkpoint in `checkpoints`.
        unjudged : Unjudged, optional
            Queries without judgements that a teacher has answered: as many of them as of the judged ones at each step.

        Returns
        -------
        TrainingResult
            The encoder, its measures before and after, and what was left out.
        """
        rows = self.directory.row_of
        train = judged_queries(queries, qrels, rows, "training judgements")
        chosen_on = None if dev is None else judged_queries(*dev, rows, "dev judgements")
        return self.fit_judged(train, chosen_on, query_vectors, checkpoints, resume, unjudged)

    def fit_judged(
        self,
        train: Judged,
        dev: Judged | None,
        query_vectors: Mapping[str, np.ndarray] | None = None,
        checkpoints: str | os.PathLike[str] | None = None,
        resume: bool = False,
        unjudged: Unjudged | None = None,
    ) -> TrainingResult:
        """Train on judgements that were compared with the index already; otherwise as `fit`."""
        selection: Selection = "best"
        if unjudged is not None:
            if query_vectors is not None:
                raise InputError("`unjudged` queries have to be encoded; give `encoder` instead of vectors")
            distil = DistilObjective().resolve(self.encoder.normalises, UNJUDGED_ANCHOR)
            taught = taught_queries(unjudged, self.directory.row_of, distil.depth)
            if dev is None and len(train.queries) < FEW:
                held = hold_out_made(taught, unjudged, self.directory.row_of)
                if held is not None:
                    (taught, dev), selection = held, "last"
        train, dev = with_dev(train, dev)
        data: MakeData = partial(self._queries, train)
        loss: Loss = self._judged_loss
        identity: dict[str, object] = {}
        remarks: tuple[str, ...] = ()
        defaults = TRAINABLE[self.trainable].defaults
        if unjudged is not None:
            # An epoch goes through the more numerous queries; it is the judged ones that are to come round.
            share = min(1.0, len(train.queries) / len(taught.queries))
            defaults = replace(defaults, fewest_epochs=defaults.fewest_epochs * share)
            data, loss = self._together(train, taught, distil, unjudged.query_vectors, defaults)
            identity = {"unjudged queries": content_fingerprint(taught.content)}
            remarks = (
                f"beside them, {len(taught.queries)} queries taught by {unjudged.name}",
                *taught.remarks,
                *([ALL_TRAINED_REMARK] if selection == "last" else []),
            )
        return self._train(
            train,
            dev,
            self.loss.objective.method,
            self.loss.objective,
            data,
            loss,
            identity,
            query_vectors,
            checkpoints,
            resume,
            remarks,
            selection,
            defaults,
        )

    def _judged_loss(self, embeddings: torch.Tensor, batch: dict[str, torch.Tensor]) -> torch.Tensor:
        return self.loss(embeddings, batch["frozen"], batch["positives"], batch["grades"])

    def _queries(self, train: Judged, trainable: Trainable, frozen: torch.Tensor) -> TrainingQueries:
        return TrainingQueries(trainable, train, self.directory.row_of, frozen)

    def _together(
        self,
        train: Judged,
        taught: Taught,
        objective: DistilObjective,
        vectors: Mapping[str, np.ndarray] | None,
        defaults: ScheduleDefaults,
    ) -> tuple[MakeData, Loss]:
        """Data and loss of batches that are judged in their first half only.

        Few judged queries come round often; the weight of their loss is then smaller, as if each came no more often
        than where there are no others.
        """
        unjudged_frozen = self._frozen(taught.queries, vectors, self.schedule.precision)
        distil = DistilLoss(objective, self.index)
        weight = self.loss.objective.unjudged_weight
        drawn = self.schedule.drawn(max(len(train.queries), len(taught.queries)), defaults)
        judged_weight = min(1.0, defaults.most_epochs * len(train.queries) / drawn)

        def data(*, trainable: Trainable, frozen: torch.Tensor) -> TogetherQueries:
            unjudged = TaughtQueries(trainable, taught, unjudged_frozen)
            return TogetherQueries(self._queries(train, trainable, frozen), unjudged)

        def loss(embeddings: torch.Tensor, batch: dict[str, Any]) -> torch.Tensor:
            judged, others = embeddings.chunk(2)
            return judged_weight * self._judged_loss(judged, batch) + weight * distil(
                others, **batch[UNJUDGED]
            )

        return data, loss
