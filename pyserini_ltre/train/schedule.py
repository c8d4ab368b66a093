"""How long and how fast is trained."""

import math
from dataclasses import dataclass

import torch
from transformers import TrainingArguments

from pyserini_ltre.encode.batching import resolve_precision
from pyserini_ltre.errors import InputError

OPTIMIZERS = ("adamw", "lamb")


@dataclass(frozen=True)
class Usual:
    """What suits a part that is trained, unless the user says otherwise.

    Attributes
    ----------
    learning_rate : float
        Peak rate.
    steps : int
        About so many are made, within the limits of `fewest_epochs` and `most_epochs`.
    fewest_epochs, most_epochs : float
        Passes over the training queries.
    evaluations : int
        Dev measurements.
    """

    learning_rate: float
    steps: int
    fewest_epochs: float = 3
    most_epochs: float = 10
    evaluations: int = 10


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
    optimizer : {"adamw", "lamb"}
        LAMB (arXiv 1904.00962) is for batches of hundreds of queries.
    learning_rate : float, optional
        Peak of its rate; by default what suits the part that is trained.
    decay : {"linear", "cosine", "constant_with_warmup"}
        What the rate does after the first tenth of the steps, in which it rises.
    clip : float
        Largest norm of the gradient.
    evaluations : int, optional
        Dev measurements over the training, spread evenly; each leaves a checkpoint to choose from. By default what
        suits the part that is trained.
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
    optimizer: str = "adamw"
    learning_rate: float | None = None
    decay: str = "linear"
    clip: float = 1.0
    evaluations: int | None = None
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

    def steps(self, queries: int, processes: int, usual: Usual) -> tuple[int, int]:
        """Count the steps.

        Parameters
        ----------
        queries : int
            Training queries.
        processes : int
            Processes that train together.
        usual : Usual
            What is done where the schedule leaves it open.

        Returns
        -------
        steps, every : int
            Steps in all, and from one dev measurement to the next, which divide them.
        """
        in_epoch = -(-queries // (self.batch_size * self.accumulate * processes))
        epochs = self.epochs or min(max(usual.steps / in_epoch, usual.fewest_epochs), usual.most_epochs)
        wanted = max(1, round(in_epoch * epochs))
        every = -(-wanted // (self.evaluations or usual.evaluations))
        return -(-wanted // every) * every, every

    def optimizer_class(self) -> tuple[type[torch.optim.Optimizer], dict[str, object]] | None:
        """LAMB and its settings as the Trainer wants them; None for the Trainer's own AdamW."""
        if self.optimizer == "adamw":
            return None
        try:
            from pytorch_optimizer import Lamb
        except ImportError:
            raise InputError(
                '--optimizer lamb needs pytorch-optimizer; install it: pip install "pyserini-ltre[lamb]"'
            ) from None
        return Lamb, {"weight_decay": 0.0}

    def training_arguments(
        self, folder: str, queries: int, processes: int, usual: Usual, device: torch.device, measure: str
    ) -> TrainingArguments:
        """Say it in the words of Hugging Face's Trainer.

        Parameters
        ----------
        folder : str
            For checkpoints.
        queries, processes, usual
            See `steps`.
        device : torch.device
            Where the module lies.
        measure : str
            Name of the dev measure, the larger the better.
        """
        steps, every = self.steps(queries, processes, usual)
        return TrainingArguments(
            output_dir=folder,
            max_steps=steps,
            per_device_train_batch_size=self.batch_size,
            gradient_accumulation_steps=self.accumulate,
            learning_rate=self.learning_rate or usual.learning_rate,
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
