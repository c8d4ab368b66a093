"""Hugging Face's Trainer with our objective and our dev measures; the loop, schedules and checkpoints are its own."""

from collections.abc import Callable

import torch
from torch import nn
from transformers import Trainer
from transformers.trainer_pt_utils import LengthGroupedSampler

from pyserini_ltre.errors import InputError
from pyserini_ltre.index import DenseIndex
from pyserini_ltre.train.data import TrainingQueries
from pyserini_ltre.train.objective import QuerySideObjective


class EpochSampler(LengthGroupedSampler):
    """Queries of similar length together, in an order that only the seed and the epoch decide."""

    def __init__(self, batch_size: int, lengths: list[int], seed: int) -> None:
        super().__init__(batch_size, lengths=lengths)
        self.seed = seed
        self.set_epoch(0)

    def set_epoch(self, epoch: int) -> None:
        """Called by the data loader before each epoch."""
        self.generator = torch.Generator().manual_seed(self.seed + epoch)


class RetrievalTrainer(Trainer):
    """Trainer whose loss retrieves and whose evaluation is a search.

    Parameters
    ----------
    objective : QuerySideObjective
        The loss of a batch.
    index : DenseIndex
        What is retrieved from.
    measure : callable
        Gives the dev measures of the module as it is now.
    **options
        Options of `transformers.Trainer`.
    """

    def __init__(
        self,
        objective: QuerySideObjective,
        index: DenseIndex,
        measure: Callable[[], dict[str, float]],
        **options: object,
    ) -> None:
        super().__init__(**options)
        self.objective = objective
        self.index = index
        self.measure = measure
        self.model_accepts_loss_kwargs = False

    def compute_loss(
        self,
        model: nn.Module,
        inputs: dict[str, torch.Tensor],
        return_outputs: bool = False,
        num_items_in_batch: torch.Tensor | None = None,
    ) -> torch.Tensor | tuple[torch.Tensor, torch.Tensor]:
        """Embed the queries, retrieve with these embeddings, and compare what was found."""
        queries = model(**inputs["features"])
        loss = self._loss(queries, inputs)
        if not torch.isfinite(loss):
            raise InputError(
                f"the loss became {loss.item()} at step {self.state.global_step + 1}; the checkpoints before it are "
                f"in {self.args.output_dir}; lower --learning-rate"
            )
        return (loss, queries) if return_outputs else loss

    def _loss(self, queries: torch.Tensor, inputs: dict[str, torch.Tensor]) -> torch.Tensor:
        return self.objective(self.index, queries, inputs["frozen"], inputs["positives"], inputs["grades"])

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

    def _get_train_sampler(self, train_dataset: TrainingQueries | None = None) -> EpochSampler:
        queries = train_dataset or self.train_dataset
        return EpochSampler(self.args.train_batch_size, queries.lengths(), self.args.data_seed)
