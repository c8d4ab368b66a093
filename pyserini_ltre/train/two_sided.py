"""Train queries and documents together (STAR and its warm-up), and keep what is best on dev, the start included."""

import os
from dataclasses import asdict, dataclass
from pathlib import Path

from accelerate import PartialState
from transformers import set_seed

from pyserini_ltre.collection.records import Collection, Qrels, Queries
from pyserini_ltre.encode.model import BiEncoder
from pyserini_ltre.errors import InputError
from pyserini_ltre.mine.mining import DEPTH
from pyserini_ltre.train.checkpoints import checkpoint_folder, content_fingerprint, weights_fingerprint
from pyserini_ltre.train.course import Training
from pyserini_ltre.train.data import Judged, judged_queries, with_dev
from pyserini_ltre.train.documents import DocumentStore
from pyserini_ltre.train.negatives import IN_BATCH, RANDOM, MinedNegatives, NegativeSampler, read_mined
from pyserini_ltre.train.pairs import ChunkedEncoder, TrainingPairs, pair_loss
from pyserini_ltre.train.result import TrainingResult
from pyserini_ltre.train.sample import DevelopmentSample
from pyserini_ltre.train.schedule import Schedule, Usual
from pyserini_ltre.train.trainable import WholeEncoder

USUAL = Usual(learning_rate=5e-5, steps=100, fewest_epochs=1, most_epochs=10, evaluations=2)


@dataclass(frozen=True)
class PairObjective:
    """What two-sided training minimises.

    Attributes
    ----------
    negatives : tuple of str
        Where negatives come from: ``in-batch``, ``random`` (any document), or one TREC run file.
    depth : int
        Best documents of the run that are used for a query.
    score_scale : float
        Factor on inner products: 1 for dot-product encoders, 20 for normalised ones.
    """

    negatives: tuple[str, ...]
    depth: int
    score_scale: float

    @property
    def run(self) -> str | None:
        """The run file among the negatives."""
        return next((name for name in self.negatives if name not in (IN_BATCH, RANDOM)), None)

    def check(self) -> None:
        """Refuse what no training can have."""
        if not self.negatives or len(set(self.negatives) - {IN_BATCH, RANDOM}) > 1:
            raise InputError(f"--negatives: name {IN_BATCH}, {RANDOM}, one run file, or several of these")
        if self.depth < 1:
            raise InputError(f"--depth {self.depth}: choose 1 or more")
        if not self.score_scale > 0:
            raise InputError("--score-scale must be above 0")


class TwoSidedTrainer:
    """Train one encoder for queries and documents; the collection has to be encoded again afterwards.

    Parameters
    ----------
    encoder : BiEncoder or str
        The encoder to start from, trained in place.
    collection : Collection
        The documents.
    negatives : tuple of str
        See `PairObjective` for this, `depth` and `score_scale`.
    schedule : Schedule, optional
        How long and how fast.
    depth : int
        Best documents of the run file that are used.
    score_scale : float, optional
        By default 20 for encoders that normalise, 1 for others.
    chunk : int
        Texts embedded at a time; those of a batch are sorted by length, so small chunks save padding.
    gradient_cache : bool
        Whether a batch takes the memory of one chunk; see `ChunkedEncoder`.
    gradient_checkpointing : bool
        Whether each layer of the encoder throws away what it can compute again.
    tensorboard : path, optional
        Folder for TensorBoard's event files.

    Notes
    -----
    Zhan et al., "Optimizing Dense Retrieval Model Training with Hard Negatives", SIGIR 2021 (arXiv 2104.08051).
    """

    def __init__(
        self,
        encoder: BiEncoder | str | os.PathLike,
        collection: Collection,
        negatives: tuple[str, ...] = (IN_BATCH,),
        schedule: Schedule | None = None,
        depth: int = DEPTH,
        score_scale: float | None = None,
        chunk: int = 16,
        gradient_cache: bool = False,
        gradient_checkpointing: bool = False,
        tensorboard: str | os.PathLike | None = None,
    ) -> None:
        self.encoder = BiEncoder.load(encoder) if isinstance(encoder, str | os.PathLike) else encoder
        self.collection = collection
        scale = (20.0 if self.encoder.normalises else 1.0) if score_scale is None else score_scale
        self.objective = PairObjective(tuple(negatives), depth, scale)
        self.objective.check()
        self.schedule = schedule or Schedule()
        self.schedule.check()
        if chunk < 1:
            raise InputError(f"--chunk {chunk}: choose 1 or more")
        self.chunk = chunk
        self.gradient_cache = gradient_cache
        self.gradient_checkpointing = gradient_checkpointing
        self.tensorboard = tensorboard

    def fit(
        self,
        queries: Queries,
        qrels: Qrels,
        dev: tuple[Queries, Qrels] | None = None,
        checkpoints: str | os.PathLike | None = None,
        resume: bool = False,
    ) -> TrainingResult:
        """Train, and keep the weights that were best on dev; parameters as for `QuerySideTrainer.fit`.

        Returns
        -------
        TrainingResult
            The encoder, its measures in a sample of the collection before and after, and what was left out.
        """
        PartialState(cpu=self.encoder.device.type == "cpu")
        with checkpoint_folder(checkpoints) as folder:
            documents = DocumentStore(
                self.collection, self.encoder.settings.document_form, folder / "documents"
            )
            train = judged_queries(queries, qrels, documents.row_of, "training judgements")
            train, held_out = with_dev(train, dev, documents.row_of)
            mined = self._mined(train, held_out, queries, dev[0] if dev else {}, documents)
            sample = DevelopmentSample(
                held_out,
                documents,
                [*mined.dev.values(), *mined.train.values()],
                self.schedule.precision,
                self.schedule.seed,
            )
            identity = self._identity(train, held_out, mined, documents)
            set_seed(self.schedule.seed)
            trainable = WholeEncoder(self.encoder)
            if self.gradient_checkpointing:
                self.encoder.backbone.gradient_checkpointing_enable({"use_reentrant": False})
            sampler = NegativeSampler(
                len(documents), RANDOM in self.objective.negatives, mined.train or None, self.schedule.seed
            )
            training = Training(
                module=ChunkedEncoder(self.encoder, self.gradient_cache),
                data=TrainingPairs(
                    self.encoder, train, documents, sampler, IN_BATCH in self.objective.negatives, self.chunk
                ),
                loss=lambda embeddings, batch: pair_loss(embeddings, batch, self.objective.score_scale),
                before=sample.measure(self.encoder),
                measure=lambda: sample.measure(self.encoder),
                schedule=self.schedule,
                usual=USUAL,
                device=self.encoder.device,
                tensorboard=self.tensorboard,
            )
            course = training.run(Path(folder), identity, resume)
        encoder = trainable.finish() if course.improved else trainable.discard()
        if self.gradient_checkpointing:
            encoder.backbone.gradient_checkpointing_disable()
        remarks = (*mined.remarks, sample.remark)
        return TrainingResult(encoder=encoder, train=train, dev=held_out, remarks=remarks, **vars(course))

    def description(self, result: TrainingResult) -> dict[str, object]:
        """What ``pyserini_ltre.json`` records: all that is needed to repeat the training."""
        return {
            "method": "star" if self.objective.run and IN_BATCH in self.objective.negatives else "warmup",
            "trainable": "both sides",
            "base_encoder": self.encoder.name,
            "objective": asdict(self.objective),
            "schedule": asdict(self.schedule),
            "remarks": result.remarks,
            **result.record(),
        }

    def _mined(
        self, train: Judged, dev: Judged, queries: Queries, dev_queries: Queries, documents: DocumentStore
    ) -> MinedNegatives:
        if self.objective.run is None:
            return MinedNegatives({}, {}, ())
        return read_mined(
            self.objective.run, train, dev, queries, dev_queries, documents.row_of, self.objective.depth
        )

    def _identity(
        self, train: Judged, dev: Judged, mined: MinedNegatives, documents: DocumentStore
    ) -> dict[str, object]:
        return {
            "collection": content_fingerprint(documents.docids),
            "encoder": weights_fingerprint(self.encoder),
            "objective": asdict(self.objective),
            "schedule": asdict(self.schedule),
            "chunks": [self.chunk, self.gradient_cache],
            "training queries": content_fingerprint([train.queries, train.qrels]),
            "dev queries": content_fingerprint([dev.queries, dev.qrels]),
            "mined negatives": content_fingerprint(mined.train),
        }
