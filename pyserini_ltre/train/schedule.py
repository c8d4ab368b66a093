"""How long and how fast is trained."""

import math
from dataclasses import dataclass

import torch
from transformers import TrainingArguments

from pyserini_ltre.encode.batching import resolve_precision
from pyserini_ltre.errors import InputError

FEWEST_EPOCHS, MOST_EPOCHS = 3, 10


@dataclass(frozen=True)
class Schedule:
    """How long and how fast is trained.

    Attributes
    ----------
    epochs : float, optional
        Passes over the training queries; by default what suits the part that is trained.
    batch_size : int
        Queries a step and process.
    accumulate : int
        Batches whose gradients are added up for one step.
    learning_rate : float, optional
        Peak of AdamW's rate; by default what suits the part that is trained.
    decay : {"linear", "cosine", "constant_with_warmup"}
        What the rate does after the first tenth of the steps, in which it rises.
    clip : float
        Largest norm of the gradient.
    evaluations : int
        Dev measurements over the training, spread evenly; each leaves a checkpoint to choose from.
    patience : int, optional
        Stop after so many measurements without a new best one.
    precision : {"fp32", "bf16", "auto"}
        Arithmetic of the encoder while training (``auto``: bf16 where the device has it); weights are float32.
    seed : int
        Of the order of the queries, of dropout, and of new weights.
    """

    epochs: float | None = None
    batch_size: int = 32
    accumulate: int = 1
    learning_rate: float | None = None
    decay: str = "linear"
    clip: float = 1.0
    evaluations: int = 10
    patience: int | None = None
    precision: str = "auto"
    seed: int = 42

    def check(self) -> None:
        """Refuse numbers that no training can have."""
        for name in (
            "epochs",
            "batch_size",
            "accumulate",
            "learning_rate",
            "clip",
            "evaluations",
            "patience",
        ):
            value = getattr(self, name)
            if value is not None and not 0 < value < math.inf:
                raise InputError(f"--{name.replace('_', '-')} {value}: choose a number above 0")

    def steps(self, queries: int, processes: int, usual: int) -> tuple[int, int]:
        """Count the steps.

        Parameters
        ----------
        queries : int
            Training queries.
        processes : int
            Processes that train together.
        usual : int
            Steps that suit the part that is trained; without `epochs`, about so many are made, though no fewer than
            3 and no more than 10 passes.

        Returns
        -------
        steps, every : int
            Steps in all, and from one dev measurement to the next, which divide them.
        """
        in_epoch = -(-queries // (self.batch_size * self.accumulate * processes))
        epochs = self.epochs or min(max(usual / in_epoch, FEWEST_EPOCHS), MOST_EPOCHS)
        wanted = max(1, round(in_epoch * epochs))
        every = -(-wanted // self.evaluations)
        return -(-wanted // every) * every, every

    def training_arguments(
        self, folder: str, steps: int, every: int, learning_rate: float, device: torch.device, measure: str
    ) -> TrainingArguments:
        """Say it in the words of Hugging Face's Trainer.

        Parameters
        ----------
        folder : str
            For checkpoints.
        steps, every : int
            See `steps`.
        learning_rate : float
            Used if the schedule has none.
        device : torch.device
            Where the module lies.
        measure : str
            Name of the dev measure, the larger the better.
        """
        return TrainingArguments(
            output_dir=folder,
            max_steps=steps,
            per_device_train_batch_size=self.batch_size,
            gradient_accumulation_steps=self.accumulate,
            learning_rate=self.learning_rate or learning_rate,
            lr_scheduler_type=self.decay,
            warmup_steps=steps // 10,
            weight_decay=0.0,
            max_grad_norm=self.clip,
            bf16=resolve_precision(self.precision, device) == "bf16",
            eval_strategy="steps",
            eval_steps=every,
            save_strategy="steps",
            save_steps=every,
            # Two, because the older one must still be whole while the newer one is being written.
            save_total_limit=2,
            load_best_model_at_end=True,
            metric_for_best_model=measure,
            greater_is_better=True,
            logging_steps=min(10, every),
            report_to=[],
            disable_tqdm=True,
            remove_unused_columns=False,
            dataloader_pin_memory=False,
            use_cpu=device.type == "cpu",
            seed=self.seed,
            data_seed=self.seed,
        )
