"""The live line: step, loss, dev measure, queries a second, time left."""

import os

from tqdm import tqdm
from transformers import TrainerCallback, TrainerControl, TrainerState, TrainingArguments

from pyserini_ltre.errors import InputError
from pyserini_ltre.train.development import MEASURE


def tensorboard_callback(folder: str | os.PathLike[str]) -> TrainerCallback:
    """Log losses and dev measures for TensorBoard."""
    try:
        from torch.utils.tensorboard import SummaryWriter
    except ImportError:
        raise InputError(
            '`tensorboard` needs tensorboard; install it: pip install "pyserini-ltre[tensorboard]"'
        ) from None
    from transformers.integrations import TensorBoardCallback

    return TensorBoardCallback(SummaryWriter(log_dir=str(folder)))


class ProgressLine(TrainerCallback):
    """Show one bar for the whole training.

    Parameters
    ----------
    before : float
        The dev measure of the frozen encoder, shown beside the current one.
    """

    def __init__(self, before: float) -> None:
        self.shown = {"loss": "?", f"dev {MEASURE}": f"{before:.4f} (frozen)"}
        self.before = before

    def on_train_begin(
        self, args: TrainingArguments, state: TrainerState, control: TrainerControl, **unused: object
    ) -> None:
        """Open the bar; after a resume it starts where training does."""
        batch = args.train_batch_size * args.gradient_accumulation_steps * args.world_size
        self.bar = tqdm(
            total=state.max_steps * batch, initial=state.global_step * batch, unit="query", desc="training"
        )
        self.batch = batch

    def on_step_end(
        self, args: TrainingArguments, state: TrainerState, control: TrainerControl, **unused: object
    ) -> None:
        """Move the bar by one batch."""
        self.bar.update(self.batch)

    def on_log(
        self,
        args: TrainingArguments,
        state: TrainerState,
        control: TrainerControl,
        logs: dict[str, float] | None = None,
        **unused: object,
    ) -> None:
        """Show the newest loss and dev measure."""
        logs = logs or {}
        if "loss" in logs:
            self.shown["loss"] = f"{float(logs['loss']):.4f}"
        if f"eval_{MEASURE}" in logs:
            self.shown[f"dev {MEASURE}"] = f"{logs[f'eval_{MEASURE}']:.4f} (frozen {self.before:.4f})"
        self.bar.set_postfix(self.shown)

    def on_train_end(
        self, args: TrainingArguments, state: TrainerState, control: TrainerControl, **unused: object
    ) -> None:
        """Close the bar."""
        self.bar.close()
