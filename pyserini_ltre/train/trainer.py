"""Hugging Face's Trainer with our losses and our dev measures; the loop, schedules and checkpoints are its own."""

from collections.abc import Callable

import torch
from torch import nn
from torch.utils.data import Dataset, Sampler
from transformers import Trainer

from pyserini_ltre.errors import InputError


class RetrievalTrainer(Trainer):
    """Trainer whose loss compares embeddings and whose evaluation is a search.

    Parameters
    ----------
    loss : callable
        Gives the loss of a batch from the embeddings (N, d) of its ``features`` and the batch itself.
    measure : callable
        Gives the dev measures of the module as it is now.
    **options
        Options of `transformers.Trainer`; the training set's ``sampler`` decides the order of its items.
    """

    def __init__(
        self,
        loss: Callable[[torch.Tensor, dict[str, torch.Tensor]], torch.Tensor],
        measure: Callable[[], dict[str, float]],
        **options: object,
    ) -> None:
        super().__init__(**options)
        self.loss = loss
        self.measure = measure
        self.model_accepts_loss_kwargs = False

    def compute_loss(
        self,
        model: nn.Module,
        inputs: dict[str, torch.Tensor],
        return_outputs: bool = False,
        num_items_in_batch: torch.Tensor | None = None,
    ) -> torch.Tensor | tuple[torch.Tensor, torch.Tensor]:
        """Embed what the batch holds, and compare."""
        embeddings = model(**inputs["features"])
        loss = self.loss(embeddings.float(), inputs)
        if not torch.isfinite(loss):
            raise InputError(
                f"the loss became {loss.item()} at step {self.state.global_step + 1}; the checkpoints before it are "
                f"in {self.args.output_dir}; lower --learning-rate"
            )
        return (loss, embeddings) if return_outputs else loss

    def evaluate(
        self,
        eval_dataset: object = None,
        ignore_keys: list[str] | None = None,
        metric_key_prefix: str = "eval",
    ) -> dict[str, float]:
        """Measure the encoder as it is now on the development queries."""
        metrics = {f"{metric_key_prefix}_{name}": value for name, value in self.measure().items()}
        self.log(metrics)
        self.control = self.callback_handler.on_evaluate(self.args, self.state, self.control, metrics)
        return metrics

    def _get_train_sampler(self, train_dataset: Dataset | None = None) -> Sampler:
        return (train_dataset or self.train_dataset).sampler(self.args.train_batch_size, self.args.data_seed)
