"""The training loop: Hugging Face's Trainer with our losses, watched on dev, the start among the weights to keep."""

import os
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any, Protocol, cast

import torch
from accelerate import PartialState
from torch import nn
from torch.utils.data import Dataset, Sampler
from transformers import EarlyStoppingCallback, PrinterCallback, Trainer, TrainerCallback

from pyserini_ltre.collection.judged import Judged
from pyserini_ltre.errors import DivergenceError
from pyserini_ltre.eval import paired_t_test
from pyserini_ltre.train.development import MEASURE, Measures, means
from pyserini_ltre.train.loop.checkpoints import MarkComplete, prepare_checkpoints
from pyserini_ltre.train.loop.progress import ProgressLine, tensorboard_callback
from pyserini_ltre.train.loop.result import TrainingResult, dev_groups
from pyserini_ltre.train.loop.schedule import Schedule, ScheduleDefaults
from pyserini_ltre.train.loop.selection import Selection, is_kept, why_not
from pyserini_ltre.train.trainable.base import Trainable


class TrainingData(Protocol):
    """What is trained on; a `Dataset` that decides the order of its items and how they are joined."""

    def __len__(self) -> int: ...

    def sampler(self, batch_size: int, seed: int) -> Sampler:
        """The order of the items."""

    def collate(self, items: list[Any]) -> dict[str, Any]:
        """Items joined to a batch: ``features`` for the module, and what the loss needs."""


class Development(Protocol):
    """Judged queries that training is watched on; a `Dataset` of them."""

    judged: Judged

    def measure(self) -> Measures:
        """Measures of each query with the weights as they are now."""


class RetrievalTrainer(Trainer):
    """Trainer whose loss compares embeddings and whose evaluation is a search.

    Parameters
    ----------
    trainable : Trainable
        Its module is what the optimiser sees.
    data : TrainingData
        What is trained on.
    loss : callable
        Gives the loss of a batch from the embeddings (N, d) of its ``features`` and the batch itself.
    development : Development
        Measured during training, with the weights as they are then.
    before : Measures
        Its measures before training.
    schedule : Schedule
        How long and how fast.
    folder : Path
        For checkpoints.
    tensorboard : path, optional
        Folder for TensorBoard's event files.
    selection : {"best", "last"}
        Which weights are kept, and when it is the first ones; see `is_kept`.
    defaults : ScheduleDefaults, optional
        What is done where the schedule leaves it open; by default what suits the part that is trained.
    callbacks : sequence of TrainerCallback
        Told of each step, beside our own.
    """

    def __init__(
        self,
        trainable: Trainable,
        data: TrainingData,
        loss: Callable[[torch.Tensor, dict[str, torch.Tensor]], torch.Tensor],
        development: Development,
        before: Measures,
        schedule: Schedule,
        folder: Path,
        tensorboard: str | os.PathLike[str] | None = None,
        selection: Selection = "best",
        defaults: ScheduleDefaults | None = None,
        callbacks: Sequence[TrainerCallback] = (),
    ) -> None:
        watching: list[TrainerCallback] = [*callbacks, ProgressLine(means(before)[MEASURE]), MarkComplete()]
        if schedule.patience is not None:
            watching.append(EarlyStoppingCallback(schedule.patience))
        if tensorboard is not None:
            watching.append(tensorboard_callback(tensorboard))
        device = trainable.encoder.device
        super().__init__(
            model=trainable.module,
            args=schedule.training_arguments(
                str(folder), len(data), defaults or trainable.defaults, device, MEASURE, selection == "best"
            ),
            train_dataset=cast(Dataset, data),
            eval_dataset=cast(Dataset, development),
            data_collator=data.collate,
            callbacks=watching,
            optimizer_cls_and_kwargs=schedule.optimizer_class(),
        )
        self.remove_callback(PrinterCallback)
        self.model_accepts_loss_kwargs = False
        self.trainable = trainable
        self.data = data
        self.development = development
        self.loss = loss
        self.before = before
        self.selection = selection

    def fit(
        self,
        identity: dict[str, object],
        resume: bool,
        train: Judged,
        settings: dict[str, object],
        remarks: tuple[str, ...] = (),
    ) -> TrainingResult:
        """Train, and keep the weights that were best on dev, those before training included.

        Parameters
        ----------
        identity : dict
            What makes a training this one; see `prepare_checkpoints`.
        resume : bool
            Whether to go on from the newest checkpoint.
        train, settings, remarks
            See `TrainingResult`.
        """
        with PartialState().main_process_first():
            newest, damaged = prepare_checkpoints(Path(str(self.args.output_dir)), identity, resume)
        remarks = (*remarks, *damaged)
        self.train(resume_from_checkpoint=str(newest) if newest else None)
        # For bf16 the Trainer has wrapped the module's forward: before and after are compared without.
        self.accelerator.unwrap_model(self.model, keep_fp32_wrapper=False)
        after = self.development.measure()
        best_step = self.state.best_global_step if self.selection == "best" else self.state.global_step
        improved = is_kept(self.selection, self.before[MEASURE], after[MEASURE])
        if not improved:
            remarks = (*remarks, *why_not(self.selection, self.before[MEASURE], after[MEASURE]))
            after = self.before
        logged = self.state.log_history
        return TrainingResult(
            encoder=self.trainable.finish() if improved else self.trainable.discard(),
            train=train,
            dev=self.development.judged,
            settings=settings,
            remarks=remarks,
            before=means(self.before),
            after=means(after),
            comparison=paired_t_test(self.before[MEASURE], after[MEASURE]),
            groups=dev_groups(train, self.development.judged, self.before[MEASURE], after[MEASURE]),
            improved=improved,
            best_step=(best_step or 0) if improved else 0,
            steps=self.state.global_step,
            dev_history=[(0, means(self.before)[MEASURE])]
            + [(int(e["step"]), e[f"eval_{MEASURE}"]) for e in logged if f"eval_{MEASURE}" in e],
            loss_history=[(int(e["step"]), e["loss"]) for e in logged if "loss" in e],
            seconds=next((e["train_runtime"] for e in reversed(logged) if "train_runtime" in e), 0.0),
        )

    def compute_loss(
        self,
        model: nn.Module,
        inputs: dict[str, Any],
        return_outputs: bool = False,
        num_items_in_batch: torch.Tensor | int | None = None,
    ) -> torch.Tensor | tuple[torch.Tensor, torch.Tensor]:
        """Embed what the batch holds, and compare.

        Raises
        ------
        DivergenceError
            If the loss is not finite.
        """
        embeddings = model(**inputs["features"])
        loss = self.loss(embeddings.float(), inputs)
        if not torch.isfinite(loss):
            raise DivergenceError(
                f"the loss became {loss.item()} at step {self.state.global_step + 1}; the checkpoints before it are "
                f"in {self.args.output_dir}; lower `learning_rate`"
            )
        return (loss, embeddings) if return_outputs else loss

    def evaluate(
        self,
        eval_dataset: Dataset | dict[str, Dataset] | None = None,
        ignore_keys: list[str] | None = None,
        metric_key_prefix: str = "eval",
    ) -> dict[str, float]:
        """Measure the encoder as it is now on the development queries."""
        measures = means(self.development.measure())
        metrics = {f"{metric_key_prefix}_{name}": value for name, value in measures.items()}
        self.log(metrics)
        self.control = self.callback_handler.on_evaluate(self.args, self.state, self.control, metrics)
        return metrics

    def _get_train_sampler(self, train_dataset: Dataset | None = None) -> Sampler:
        return self.data.sampler(self.args.train_batch_size, int(self.args.data_seed or 0))

    def _save(self, output_dir: str | None = None, state_dict: dict | None = None) -> None:
        """Write the weights; those that two modules share twice, since safetensors refuses them otherwise."""
        places: set[int] = set()
        weights = dict(state_dict or self.trainable.module.state_dict())
        for name, value in weights.items():
            if value.data_ptr() in places:
                weights[name] = value.clone()
            places.add(value.data_ptr())
        super()._save(output_dir, weights)
