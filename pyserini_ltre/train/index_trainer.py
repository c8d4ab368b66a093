"""What every training over an index that stays as it is has in common: encoder, index, dev queries, the loop."""

import os
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict
from typing import Any, Protocol, cast

import numpy as np
import torch
from accelerate import PartialState
from transformers import TrainerCallback, set_seed

from pyserini_ltre.collection.judged import Judged
from pyserini_ltre.collection.records import Queries
from pyserini_ltre.encode.batching import check_finite, encode_texts
from pyserini_ltre.encode.feedback import refuse_feedback
from pyserini_ltre.encode.fingerprint import weights_fingerprint
from pyserini_ltre.encode.model import BiEncoder
from pyserini_ltre.errors import InputError
from pyserini_ltre.index import IndexDirectory, open_directory
from pyserini_ltre.index.check import check_dimension, check_vectors
from pyserini_ltre.options import check_value
from pyserini_ltre.train.development import DevQueries
from pyserini_ltre.train.loop.checkpoints import checkpoint_folder, content_fingerprint
from pyserini_ltre.train.loop.result import TrainingResult
from pyserini_ltre.train.loop.schedule import Schedule, ScheduleDefaults
from pyserini_ltre.train.loop.selection import Selection
from pyserini_ltre.train.loop.trainer import RetrievalTrainer, TrainingData
from pyserini_ltre.train.trainable import TRAINABLE, Part, Trainable
from pyserini_ltre.train.trainable.given_vectors import GivenVectors

Loss = Callable[[torch.Tensor, dict[str, Any]], torch.Tensor]
"""Gives the loss of a batch from the embeddings of its features and the batch."""


class MakeData(Protocol):
    """What a training is fed, made once it is known what is trained, and how the queries were embedded before."""

    def __call__(self, *, trainable: Trainable, frozen: torch.Tensor) -> TrainingData:
        """The data of a training of this part."""


class IndexTrainer:
    """Trains a query encoder against an index that stays as it is; parameters as for `QuerySideTrainer`."""

    def __init__(
        self,
        encoder: BiEncoder | GivenVectors | str | os.PathLike,
        index: IndexDirectory | str | os.PathLike,
        trainable: Part,
        schedule: Schedule | None,
        search_backend: str | None,
        vectors: str | os.PathLike | None,
        tensorboard: str | os.PathLike | None,
        callbacks: Sequence[TrainerCallback] = (),
    ) -> None:
        check_value("trainable", trainable, Part)
        self.directory = index if isinstance(index, IndexDirectory) else open_directory(index)
        loaded = BiEncoder.load(encoder) if isinstance(encoder, str | os.PathLike) else encoder
        self.encoder = cast(BiEncoder, loaded)  # of which given vectors have what the adapter needs
        refuse_feedback(self.encoder, "training")
        self.index = self.directory.open(search_backend, vectors, self.encoder.device)
        check_dimension(self.directory, self.encoder.dimension, self.encoder.name)
        check_vectors(self.index, self.directory, self.encoder)
        self.trainable: Part = trainable
        self.schedule = schedule or Schedule()
        self.tensorboard = tensorboard
        self.callbacks = callbacks

    def _train(
        self,
        train: Judged,
        dev: Judged,
        method: str,
        objective: Any,
        data: MakeData,
        loss: Loss,
        identity: dict[str, object],
        query_vectors: Mapping[str, np.ndarray] | None,
        checkpoints: str | os.PathLike | None,
        resume: bool,
        remarks: tuple[str, ...] = (),
        selection: Selection = "best",
        defaults: ScheduleDefaults | None = None,
    ) -> TrainingResult:
        """Train; `identity` is what a resumed training must have in common beside index, encoder, options, queries."""
        PartialState(cpu=self.encoder.device.type == "cpu")
        frozen = self._frozen(train.queries, query_vectors, self.schedule.precision)
        # What is measured is what a search would find: its queries are always encoded in full precision.
        dev_frozen = self._frozen(dev.queries, query_vectors, "fp32")
        settings: dict[str, object] = {
            "method": method,
            "trainable": self.trainable,
            "base_encoder": self.encoder.name,
            "index": {"path": str(self.directory.path), "fingerprint": self.directory.fingerprint},
            "objective": asdict(objective),
            "schedule": asdict(self.schedule),
        }
        whole_identity = {
            "index": self.directory.fingerprint,
            "encoder": weights_fingerprint(self.encoder),
            **{name: settings[name] for name in ("trainable", "objective", "schedule")},
            "training queries": content_fingerprint([train.queries, train.qrels]),
            "dev queries": content_fingerprint([dev.queries, dev.qrels]),
            **identity,
        }
        set_seed(self.schedule.seed)
        trainable = self._to_train()
        development = DevQueries(
            dev, self.index, self.directory.docids, lambda texts: trainable.embed(texts, dev_frozen)
        )
        with checkpoint_folder(checkpoints) as folder:
            trainer = RetrievalTrainer(
                trainable=trainable,
                data=data(trainable=trainable, frozen=frozen),
                loss=loss,
                development=development,
                before=development.measure(dev_frozen),
                schedule=self.schedule,
                folder=folder,
                tensorboard=self.tensorboard,
                selection=selection,
                defaults=defaults or trainable.defaults,
                callbacks=self.callbacks,
            )
            return trainer.fit(whole_identity, resume, train, settings, remarks)

    def _to_train(self) -> Trainable:
        """What is trained of the encoder."""
        return TRAINABLE[self.trainable](self.encoder)

    def _frozen(
        self, queries: Queries, query_vectors: Mapping[str, np.ndarray] | None, precision: str
    ) -> torch.Tensor:
        """Embeddings (N, d) of queries by the encoder as it is before training."""
        if query_vectors is None:
            texts = list(queries.values())
            vectors = encode_texts(
                self.encoder, texts, "query", precision=precision, progress=True, backend="auto"
            )
            return torch.from_numpy(check_finite(vectors, self.encoder))
        lacking = [qid for qid in queries if qid not in query_vectors]
        if lacking:
            raise InputError(
                f"no vector is given for {len(lacking)} queries, {lacking[0]} first; give all or none"
            )
        return torch.from_numpy(np.stack([query_vectors[qid] for qid in queries]).astype(np.float32))
