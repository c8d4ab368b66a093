"""Train the query side of a dense index and keep what is best on dev, the frozen encoder included."""

import os
from collections.abc import Mapping
from dataclasses import asdict

import numpy as np
import torch
from accelerate import PartialState
from transformers import set_seed

from pyserini_ltre.collection.records import Qrels, Queries
from pyserini_ltre.encode.batching import encode_texts
from pyserini_ltre.encode.model import BiEncoder
from pyserini_ltre.errors import InputError
from pyserini_ltre.index import IndexDirectory
from pyserini_ltre.index.check import check_dimension, check_vectors
from pyserini_ltre.train.checkpoints import checkpoint_folder, content_fingerprint, weights_fingerprint
from pyserini_ltre.train.course import Training
from pyserini_ltre.train.data import Judged, TrainingQueries, judged_queries, with_dev
from pyserini_ltre.train.development import DevelopmentSet
from pyserini_ltre.train.objective import HITS, QuerySideObjective
from pyserini_ltre.train.result import TrainingResult
from pyserini_ltre.train.schedule import Schedule
from pyserini_ltre.train.trainable import TRAINABLE, Trainable
from pyserini_ltre.train.trainable.given_vectors import GivenVectors


class QuerySideTrainer:
    """Train a query encoder against an index that stays as it is.

    Parameters
    ----------
    encoder : BiEncoder, str or GivenVectors
        The encoder to start from, trained in place: the one that made the index. `GivenVectors` for the adapter alone.
    index : IndexDirectory or path
        Pyserini's index directory.
    objective : {"adore", "ltre", "softmax"}
        What is minimised; see `QuerySideObjective` for this and the options from `anchor` to `ignore_above`.
    trainable : {"encoder", "adapter", "lora"}
        All weights, a low-rank map behind the encoder, or low-rank updates inside it.
    schedule : Schedule, optional
        How long and how fast.
    anchor : float, optional
        Weight of the squared distance to the frozen encoder's embeddings; by default what suits `trainable`.
    hits : int, optional
        Documents retrieved a query and step; by default 200, or all if the index has fewer.
    metric_cut : int, optional
        Rank beyond which ADORE's discount is 0; by default `hits`.
    gain : {"reciprocal-rank", "ndcg"}
        ADORE's weights.
    score_scale : float, optional
        Factor on inner products; by default 20 for encoders that normalise, 1 for others.
    most_appended : int
        Relevant documents that retrieval missed, appended to a query at most.
    ignore_above : float, optional
        Leave out unjudged documents that score above the best relevant one by more than this inner product.
    backend : {"exact", "exact-bf16", "faiss"}, optional
        See `IndexDirectory.open`.
    vectors : path, optional
        The original vectors of a compressed index, a numpy file; see `IndexDirectory.open`.
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
    >>> result.encoder.save("my-encoder")  # doctest: +SKIP
    """

    def __init__(
        self,
        encoder: BiEncoder | GivenVectors | str | os.PathLike,
        index: IndexDirectory | str | os.PathLike,
        objective: str = "adore",
        trainable: str = "encoder",
        schedule: Schedule | None = None,
        anchor: float | None = None,
        hits: int | None = None,
        metric_cut: int | None = None,
        gain: str = "reciprocal-rank",
        score_scale: float | None = None,
        most_appended: int = 32,
        ignore_above: float | None = None,
        backend: str | None = None,
        vectors: str | os.PathLike | None = None,
        tensorboard: str | os.PathLike | None = None,
    ) -> None:
        self.directory = index if isinstance(index, IndexDirectory) else IndexDirectory(index)
        self.encoder = BiEncoder.load(encoder) if isinstance(encoder, str | os.PathLike) else encoder
        self.index = self.directory.open(backend, vectors, self.encoder.device)
        check_dimension(self.directory, self.encoder.dimension, self.encoder.name)
        hits = min(HITS, len(self.index)) if hits is None else hits
        self.objective = QuerySideObjective(
            name=objective,
            hits=hits,
            metric_cut=hits if metric_cut is None else metric_cut,
            gain=gain,
            score_scale=(20.0 if self.encoder.normalises else 1.0) if score_scale is None else score_scale,
            anchor=TRAINABLE[trainable].anchor if anchor is None else anchor,
            most_appended=most_appended,
            ignore_above=ignore_above,
        )
        self.objective.check(self.index)
        check_vectors(self.index, self.directory)
        self.trainable = trainable
        self.schedule = schedule or Schedule()
        self.schedule.check()
        self.tensorboard = tensorboard

    def fit(
        self,
        queries: Queries,
        qrels: Qrels,
        dev: tuple[Queries, Qrels] | None = None,
        query_vectors: Mapping[str, np.ndarray] | None = None,
        checkpoints: str | os.PathLike | None = None,
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
        PartialState(cpu=self.encoder.device.type == "cpu")
        train = judged_queries(queries, qrels, self.directory.row_of, "training judgements")
        train, held_out = with_dev(train, dev, self.directory.row_of)
        development = DevelopmentSet(held_out, self.index, self.directory.docids)
        frozen = self._frozen(train, query_vectors, self.schedule.precision)
        # What is measured is what a search would find: its queries are always encoded in full precision.
        dev_frozen = self._frozen(held_out, query_vectors, "fp32")
        identity = self._identity(train, held_out)
        set_seed(self.schedule.seed)
        trainable: Trainable = TRAINABLE[self.trainable](self.encoder)
        training = Training(
            module=trainable.module,
            data=TrainingQueries(trainable, train, self.directory.row_of, frozen),
            loss=lambda embeddings, batch: self.objective(
                self.index, embeddings, batch["frozen"], batch["positives"], batch["grades"]
            ),
            before=development.measure(dev_frozen),
            measure=lambda: development.measure(trainable.embed(development.texts, dev_frozen)),
            schedule=self.schedule,
            usual=trainable.usual,
            device=self.encoder.device,
            tensorboard=self.tensorboard,
        )
        with checkpoint_folder(checkpoints) as folder:
            course = training.run(folder, identity, resume)
        encoder = trainable.finish() if course.improved else trainable.discard()
        return TrainingResult(encoder=encoder, train=train, dev=held_out, **vars(course))

    def description(self, result: TrainingResult) -> dict[str, object]:
        """What ``pyserini_ltre.json`` records: all that is needed to repeat the training."""
        return {
            "method": self.objective.name,
            "trainable": self.trainable,
            "base_encoder": self.encoder.name,
            "index": {"path": str(self.directory.path), "fingerprint": self.directory.fingerprint},
            "objective": asdict(self.objective),
            "schedule": asdict(self.schedule),
            **result.record(),
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

    def _identity(self, train: Judged, dev: Judged) -> dict[str, object]:
        return {
            "index": self.directory.fingerprint,
            "encoder": weights_fingerprint(self.encoder),
            "trainable part": self.trainable,
            "objective": asdict(self.objective),
            "schedule": asdict(self.schedule),
            "training queries": content_fingerprint([train.queries, train.qrels]),
            "dev queries": content_fingerprint([dev.queries, dev.qrels]),
        }
