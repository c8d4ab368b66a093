"""Train queries and documents together (STAR and its warm-up), and keep what is best on dev, the start included."""

import os
from dataclasses import asdict

from accelerate import PartialState
from transformers import set_seed

from pyserini_ltre.collection.held_out import with_dev
from pyserini_ltre.collection.judged import judged_queries
from pyserini_ltre.collection.records import Collection, Qrels, Queries
from pyserini_ltre.encode.feedback import refuse_feedback
from pyserini_ltre.encode.fingerprint import weights_fingerprint
from pyserini_ltre.encode.model import BiEncoder
from pyserini_ltre.train.data.documents import DocumentStore
from pyserini_ltre.train.data.negatives import MinedNegatives, NegativeSampler, read_mined
from pyserini_ltre.train.data.pairs import TrainingPairs
from pyserini_ltre.train.development.dev_sample import DevSample
from pyserini_ltre.train.loop.checkpoints import DOCUMENTS, checkpoint_folder, content_fingerprint
from pyserini_ltre.train.loop.result import TrainingResult
from pyserini_ltre.train.loop.schedule import Schedule
from pyserini_ltre.train.loop.trainer import RetrievalTrainer
from pyserini_ltre.train.losses.pair_objective import IN_BATCH, RANDOM, PairObjective, pair_loss
from pyserini_ltre.train.trainable.both_sides import BothSides, MemoryOptions


class TwoSidedTrainer:
    """Train one encoder for queries and documents; the collection has to be encoded again afterwards.

    Parameters
    ----------
    encoder : BiEncoder or str
        The encoder to start from, trained in place.
    collection : Collection
        The documents.
    objective : PairObjective, optional
        What is minimised: in-batch negatives if nothing else is said.
    schedule : Schedule, optional
        How long and how fast.
    memory : MemoryOptions, optional
        How much of a batch lies in memory at a time.
    tensorboard : path, optional
        Folder for TensorBoard's event files.

    Notes
    -----
    Zhan et al., "Optimizing Dense Retrieval Model Training with Hard Negatives", SIGIR 2021 (arXiv 2104.08051).
    """

    def __init__(
        self,
        encoder: BiEncoder | str | os.PathLike[str],
        collection: Collection,
        objective: PairObjective | None = None,
        schedule: Schedule | None = None,
        memory: MemoryOptions | None = None,
        tensorboard: str | os.PathLike[str] | None = None,
    ) -> None:
        self.encoder = BiEncoder.load(encoder) if isinstance(encoder, str | os.PathLike) else encoder
        refuse_feedback(self.encoder, "training")
        self.collection = collection
        self.objective = (objective or PairObjective()).resolve(self.encoder.normalises)
        self.schedule = schedule or Schedule()
        self.memory = memory or MemoryOptions()
        self.tensorboard = tensorboard

    def fit(
        self,
        queries: Queries,
        qrels: Qrels,
        dev: tuple[Queries, Qrels] | None = None,
        checkpoints: str | os.PathLike[str] | None = None,
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
                self.collection, self.encoder.settings.document_form, folder / DOCUMENTS
            )
            train = judged_queries(queries, qrels, documents.row_of, "training judgements")
            chosen_on = None if dev is None else judged_queries(*dev, documents.row_of, "dev judgements")
            train, held_out = with_dev(train, chosen_on)
            mined = MinedNegatives({}, {}, ())
            if self.objective.run is not None:
                mined = read_mined(
                    self.objective.run,
                    train,
                    held_out,
                    queries,
                    dev[0] if dev else {},
                    documents.row_of,
                    self.objective.depth,
                )
            sample = DevSample(
                self.encoder,
                held_out,
                documents,
                [*mined.dev.values(), *mined.train.values()],
                self.schedule.precision,
                self.schedule.seed,
            )
            settings: dict[str, object] = {
                "method": self.objective.method,
                "trainable": "both sides",
                "base_encoder": self.encoder.name,
                "objective": asdict(self.objective),
                "memory": asdict(self.memory),
                "schedule": asdict(self.schedule),
            }
            identity: dict[str, object] = {
                "collection": content_fingerprint(documents.docids),
                "encoder": weights_fingerprint(self.encoder),
                **{name: settings[name] for name in ("objective", "memory", "schedule")},
                "training queries": content_fingerprint([train.queries, train.qrels]),
                "dev queries": content_fingerprint([held_out.queries, held_out.qrels]),
                "mined negatives": content_fingerprint(mined.train),
            }
            set_seed(self.schedule.seed)
            sources, score_scale = self.objective.negatives, self.objective.score_scale or 1.0
            sampler = NegativeSampler(
                len(documents), RANDOM in sources, mined.train or None, self.schedule.seed
            )
            trainer = RetrievalTrainer(
                trainable=BothSides(self.encoder, self.memory),
                data=TrainingPairs(
                    self.encoder, train, documents, sampler, IN_BATCH in sources, self.memory.chunk
                ),
                loss=lambda embeddings, batch: pair_loss(embeddings, batch, score_scale),
                development=sample,
                before=sample.measure(),
                schedule=self.schedule,
                folder=folder,
                tensorboard=self.tensorboard,
            )
            return trainer.fit(identity, resume, train, settings, (*mined.remarks, sample.remark))
