"""Train the query side without judgements: a teacher's run says which documents a query should find."""

import os
from dataclasses import replace

from pyserini_ltre.collection.held_out import hold_out
from pyserini_ltre.collection.judged import Judged
from pyserini_ltre.encode.model import BiEncoder
from pyserini_ltre.index import IndexDirectory
from pyserini_ltre.train.data.taught import Taught, TaughtQueries, Unjudged, taught_queries
from pyserini_ltre.train.index_trainer import IndexTrainer
from pyserini_ltre.train.loop.checkpoints import content_fingerprint
from pyserini_ltre.train.loop.result import TrainingResult
from pyserini_ltre.train.loop.schedule import Schedule
from pyserini_ltre.train.losses.distillation import DistilLoss, DistilObjective
from pyserini_ltre.train.trainable import TRAINABLE, Part

# Of a teacher's list, what a held-out query should find.
BEST = 10


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
        resolved = (objective or DistilObjective()).resolve(
            self.encoder.normalises, TRAINABLE[trainable].anchor
        )
        self.loss = DistilLoss(resolved, self.index)

    def fit(
        self,
        unjudged: Unjudged,
        dev: Judged | None = None,
        known: Judged | None = None,
        checkpoints: str | os.PathLike[str] | None = None,
        resume: bool = False,
    ) -> TrainingResult:
        """Train, and keep the weights that agree best with the teacher, or are best on judged queries.

        Parameters
        ----------
        unjudged : Unjudged
            Queries to train on, and their teacher.
        dev : Judged, optional
            Judged queries to choose the encoder on; without them a tenth of the queries is held out, and what is kept
            is what finds the teacher's ten best documents of these best.
        known : Judged, optional
            Queries with the documents that they were made from: if the trained encoder finds these worse than the
            frozen one, the teacher is not to be trusted, and the frozen encoder is kept.
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
        if dev is None:
            taught, dev, known = self._hold_out(taught, unjudged, known)
        return self._train(
            Judged(taught.queries, {}, 0, 0),
            dev,
            "distil",
            objective,
            lambda trainable, frozen: TaughtQueries(trainable, taught, frozen),
            lambda embeddings, batch: self.loss(embeddings, batch["frozen"], batch["rows"], batch["targets"]),
            {"teacher": content_fingerprint(taught.content)},
            None,
            checkpoints,
            resume,
            taught.remarks,
            known,
        )

    def _hold_out(
        self, taught: Taught, unjudged: Unjudged, known: Judged | None
    ) -> tuple[Taught, Judged, Judged | None]:
        """What is trained on, held-out queries with the teacher's best documents, and with their sources."""
        sources = {qid: unjudged.sources.get(qid, {qid: 1}) for qid in taught.queries}
        train, held = hold_out(Judged(taught.queries, sources, 0, 0))
        aside = taught.part(held.queries)
        docids = self.directory.docids
        best = {
            qid: {docids[row]: 1 for row in rows[:BEST].tolist()}
            for qid, rows in zip(aside.queries, aside.rows, strict=True)
        }
        made = [qid for qid in held.queries if qid in unjudged.sources]
        if made:
            known = Judged(
                {qid: held.queries[qid] for qid in made}, {qid: sources[qid] for qid in made}, 0, 0
            )
        return taught.part(train.queries), replace(held, qrels=best), known
