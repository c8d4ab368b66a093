"""Train the query side without judgements: a teacher's run says which documents a query should find."""

import os

from pyserini_ltre.collection.judged import Judged
from pyserini_ltre.collection.records import Qrels, Queries, Run
from pyserini_ltre.encode.model import BiEncoder
from pyserini_ltre.index import IndexDirectory
from pyserini_ltre.train.data.taught import TaughtQueries, taught_queries
from pyserini_ltre.train.index_trainer import IndexTrainer
from pyserini_ltre.train.loop.checkpoints import content_fingerprint
from pyserini_ltre.train.loop.result import TrainingResult
from pyserini_ltre.train.loop.schedule import Schedule
from pyserini_ltre.train.losses.distillation import DistilLoss, DistilObjective
from pyserini_ltre.train.trainable import TRAINABLE, Part


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
        queries: Queries,
        teacher: Run,
        dev: Judged,
        sources: Qrels | None = None,
        teacher_name: str = "teacher",
        checkpoints: str | os.PathLike | None = None,
        resume: bool = False,
    ) -> TrainingResult:
        """Train, and keep the weights that were best on dev, those before training included.

        Parameters
        ----------
        queries : dict of str to str
            Training queries; nobody need have judged them.
        teacher : dict of str to dict of str to float
            The teacher's run of these queries.
        dev : Judged
            What to choose the encoder on: queries with judgements, or made ones with the documents they are made of.
        sources : dict of str to dict of str to int, optional
            Documents that training queries were made from, left out of the queries' own lists.
        teacher_name : str
            Named in errors.
        checkpoints, resume
            As for `QuerySideTrainer.fit`.

        Returns
        -------
        TrainingResult
            The encoder, its measures on `dev` before and after, and what was left out.

        Raises
        ------
        InputError
            If nothing can be learned from the teacher.
        """
        objective = self.loss.objective
        taught = taught_queries(
            queries, teacher, self.directory.row_of, objective.depth, teacher_name, sources
        )
        return self._train(
            Judged(taught.queries, {}, 0, 0),
            dev,
            "distil",
            objective,
            lambda trainable, frozen: TaughtQueries(trainable, taught, frozen),
            lambda embeddings, batch: self.loss(embeddings, batch["frozen"], batch["rows"], batch["targets"]),
            {"teacher": content_fingerprint({qid: teacher.get(qid, {}) for qid in taught.queries})},
            None,
            checkpoints,
            resume,
            taught.remarks,
        )
