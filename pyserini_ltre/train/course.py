"""Run one training, watched on dev, and find out which of its weights to keep, those before it included."""

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import torch
from accelerate import PartialState
from torch import nn
from torch.utils.data import Dataset
from transformers import EarlyStoppingCallback, PrinterCallback, TrainerCallback

from pyserini_ltre.eval import PairedComparison, paired_t_test
from pyserini_ltre.train.checkpoints import MarkComplete, prepare_checkpoints
from pyserini_ltre.train.development import MEASURE, means
from pyserini_ltre.train.progress import ProgressLine, tensorboard_callback
from pyserini_ltre.train.schedule import Schedule, Usual
from pyserini_ltre.train.trainer import RetrievalTrainer

Measures = dict[str, dict[str, float]]
"""Measure -> query id -> value."""


@dataclass(frozen=True)
class Course:
    """How a training went.

    Attributes
    ----------
    before, after : dict of str to float
        Dev measures of the frozen encoder and of the one that is kept.
    comparison : PairedComparison
        The two on dev, query by query.
    improved : bool
        False if no trained weights were better on dev: then the frozen ones are kept.
    best_step, steps : int
        Step of the weights that are kept, and the last one.
    curve : list of tuple of (int, float)
        Step and dev measure, step 0 first.
    losses : list of tuple of (int, float)
        Step and training loss.
    seconds : float
        Time of the training steps and dev measurements.
    """

    before: dict[str, float]
    after: dict[str, float]
    comparison: PairedComparison
    improved: bool
    best_step: int
    steps: int
    curve: list[tuple[int, float]]
    losses: list[tuple[int, float]]
    seconds: float


@dataclass(frozen=True)
class Training:
    """What is trained, on what, how, and how it is watched.

    Attributes
    ----------
    module : nn.Module
        What the optimiser sees; holds the best weights afterwards, unless the frozen ones were better.
    data : Dataset
        Its items; has ``sampler`` and ``collate``.
    loss : callable
        See `RetrievalTrainer`.
    before : Measures
        Dev measures, query by query, of the frozen encoder.
    measure : callable
        Gives those of the weights as they are now.
    schedule, usual
        How long and how fast.
    device : torch.device
        Where the module lies.
    tensorboard : path, optional
        Folder for TensorBoard's event files.
    """

    module: nn.Module
    data: Dataset
    loss: Callable[[torch.Tensor, dict[str, torch.Tensor]], torch.Tensor]
    before: Measures
    measure: Callable[[], Measures]
    schedule: Schedule
    usual: Usual
    device: torch.device
    tensorboard: str | None = None

    def run(self, checkpoints: Path, identity: dict[str, object], resume: bool) -> Course:
        """Train.

        Parameters
        ----------
        checkpoints : Path
            Folder for checkpoints.
        identity : dict
            See `prepare_checkpoints`.
        resume : bool
            Whether to go on from the newest checkpoint.

        Returns
        -------
        Course
            What came of it; whoever called puts the frozen weights back if nothing ``improved``.
        """
        with PartialState().main_process_first():
            newest = prepare_checkpoints(checkpoints, identity, resume)
        trainer = self._trainer(str(checkpoints))
        trainer.train(resume_from_checkpoint=str(newest) if newest else None)
        # For bf16 the Trainer has wrapped the module's forward: before and after are compared without.
        trainer.accelerator.unwrap_model(self.module, keep_fp32_wrapper=False)
        after = self.measure()
        improved = means(after)[MEASURE] > means(self.before)[MEASURE]
        if not improved:
            after = self.before
        state, logged = trainer.state, trainer.state.log_history
        return Course(
            before=means(self.before),
            after=means(after),
            comparison=paired_t_test(self.before[MEASURE], after[MEASURE]),
            improved=improved,
            best_step=state.best_global_step if improved else 0,
            steps=state.global_step,
            curve=[(0, means(self.before)[MEASURE])]
            + [(e["step"], e[f"eval_{MEASURE}"]) for e in logged if f"eval_{MEASURE}" in e],
            losses=[(e["step"], e["loss"]) for e in logged if "loss" in e],
            seconds=next((e["train_runtime"] for e in reversed(logged) if "train_runtime" in e), 0.0),
        )

    def _trainer(self, folder: str) -> RetrievalTrainer:
        callbacks: list[TrainerCallback] = [ProgressLine(means(self.before)[MEASURE]), MarkComplete()]
        if self.schedule.patience is not None:
            callbacks.append(EarlyStoppingCallback(self.schedule.patience))
        if self.tensorboard is not None:
            callbacks.append(tensorboard_callback(self.tensorboard))
        trainer = RetrievalTrainer(
            loss=self.loss,
            measure=lambda: means(self.measure()),
            model=self.module,
            args=self.schedule.training_arguments(
                folder, len(self.data), PartialState().num_processes, self.usual, self.device, MEASURE
            ),
            train_dataset=self.data,
            eval_dataset=self.data,
            data_collator=self.data.collate,
            callbacks=callbacks,
            optimizer_cls_and_kwargs=self.schedule.optimizer_class(),
        )
        trainer.remove_callback(PrinterCallback)
        return trainer
