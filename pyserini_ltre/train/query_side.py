"""Train the query side of a dense index and keep what is best on dev, the frozen encoder included."""

import os
from collections.abc import Mapping
from dataclasses import asdict
from typing import cast

import numpy as np
import torch
from accelerate import PartialState
from transformers import set_seed

from pyserini_ltre.collection.judged import Judged, judged_queries, with_dev
from pyserini_ltre.collection.records import Qrels, Queries
from pyserini_ltre.encode.batching import encode_texts
from pyserini_ltre.encode.model import BiEncoder
from pyserini_ltre.errors import InputError
from pyserini_ltre.index import IndexDirectory
from pyserini_ltre.index.check import check_dimension, check_vectors
from pyserini_ltre.options import check_value
from pyserini_ltre.train.data.queries import TrainingQueries
from pyserini_ltre.train.development import DevQueries
from pyserini_ltre.train.loop.checkpoints import checkpoint_folder, content_fingerprint, weights_fingerprint
from pyserini_ltre.train.loop.result import TrainingResult
from pyserini_ltre.train.loop.schedule import Schedule
from pyserini_ltre.train.loop.trainer import RetrievalTrainer
from pyserini_ltre.train.losses.objective import Method, Objective
from pyserini_ltre.train.trainable import TRAINABLE, Part
from pyserini_ltre.train.trainable.given_vectors import GivenVectors


class QuerySideTrainer:
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
    ) -> None:
        check_value("trainable", trainable, Part)
        objective = Objective(method=objective) if isinstance(objective, str) else objective
        self.directory = index if isinstance(index, IndexDirectory) else IndexDirectory(index)
        loaded = BiEncoder.load(encoder) if isinstance(encoder, str | os.PathLike) else encoder
        self.encoder = cast(BiEncoder, loaded)  # of which given vectors have what the adapter needs
        self.index = self.directory.open(search_backend, vectors, self.encoder.device)
        check_dimension(self.directory, self.encoder.dimension, self.encoder.name)
        self.loss = objective.resolve(self.index, self.encoder.normalises, TRAINABLE[trainable].anchor)
        check_vectors(self.index, self.directory)
        self.trainable = trainable
        self.schedule = schedule or Schedule()
        self.tensorboard = tensorboard

    def fit(
        self,
        queries: Queries,
        qrels: Qrels,
        dev: tuple[Queries, Qrels] | None = None,
        query_vectors: Mapping[str, np.ndarray] | None = None,
        checkpoints: str | os.PathLike[str] | None = None,
        resume: bool = False,
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

        Returns
        -------
        TrainingResult
            The encoder, its measures before and after, and what was left out.
        """
        rows = self.directory.row_of
        train = judged_queries(queries, qrels, rows, "training judgements")
        chosen_on = None if dev is None else judged_queries(*dev, rows, "dev judgements")
        return self.fit_judged(*with_dev(train, chosen_on), query_vectors, checkpoints, resume)

    def fit_judged(
        self,
        train: Judged,
        dev: Judged,
        query_vectors: Mapping[str, np.ndarray] | None = None,
        checkpoints: str | os.PathLike[str] | None = None,
        resume: bool = False,
    ) -> TrainingResult:
        """Train on judgements that were compared with the index already; otherwise as `fit`."""
        PartialState(cpu=self.encoder.device.type == "cpu")
        frozen = self._frozen(train, query_vectors, self.schedule.precision)
        # What is measured is what a search would find: its queries are always encoded in full precision.
        dev_frozen = self._frozen(dev, query_vectors, "fp32")
        settings = self._settings()
        identity: dict[str, object] = {
            "index": self.directory.fingerprint,
            "encoder": weights_fingerprint(self.encoder),
            **{name: settings[name] for name in ("trainable", "objective", "schedule")},
            "training queries": content_fingerprint([train.queries, train.qrels]),
            "dev queries": content_fingerprint([dev.queries, dev.qrels]),
        }
        set_seed(self.schedule.seed)
        trainable = TRAINABLE[self.trainable](self.encoder)
        development = DevQueries(
            dev, self.index, self.directory.docids, lambda texts: trainable.embed(texts, dev_frozen)
        )
        with checkpoint_folder(checkpoints) as folder:
            trainer = RetrievalTrainer(
                trainable=trainable,
                data=TrainingQueries(trainable, train, self.directory.row_of, frozen),
                loss=lambda embeddings, batch: self.loss(
                    embeddings, batch["frozen"], batch["positives"], batch["grades"]
                ),
                development=development,
                before=development.measure(dev_frozen),
                schedule=self.schedule,
                folder=folder,
                tensorboard=self.tensorboard,
            )
            return trainer.fit(identity, resume, train, settings)

    def _settings(self) -> dict[str, object]:
        """All that is needed to repeat the training, but for the queries."""
        return {
            "method": self.loss.objective.method,
            "trainable": self.trainable,
            "base_encoder": self.encoder.name,
            "index": {"path": str(self.directory.path), "fingerprint": self.directory.fingerprint},
            "objective": asdict(self.loss.objective),
            "schedule": asdict(self.schedule),
        }

    def _frozen(
        self, judged: Judged, query_vectors: Mapping[str, np.ndarray] | None, precision: str
    ) -> torch.Tensor:
        """Embeddings (N, d) of queries by the encoder as it is before training."""
        if query_vectors is None:
            texts = list(judged.queries.values())
            return torch.from_numpy(
                encode_texts(self.encoder, texts, "query", precision=precision, progress=True)
            )
        lacking = [qid for qid in judged.queries if qid not in query_vectors]
        if lacking:
            raise InputError(
                f"no vector is given for {len(lacking)} queries, {lacking[0]} first; give all or none"
            )
        return torch.from_numpy(np.stack([query_vectors[qid] for qid in judged.queries]).astype(np.float32))
