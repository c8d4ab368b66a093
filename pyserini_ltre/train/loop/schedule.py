"""How long and how fast is trained."""

from dataclasses import dataclass
from typing import Literal

import torch
from accelerate import PartialState
from transformers import TrainingArguments

from pyserini_ltre.encode.backends.forward import resolve_precision
from pyserini_ltre.errors import InputError
from pyserini_ltre.options import Count, NotNegativeCount, Positive, option, option_group

Precision = Literal["fp32", "bf16", "auto"]


@dataclass(frozen=True)
class ScheduleDefaults:
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


@option_group
class Schedule:
    """How long and how fast is trained; a value of None becomes what suits the part that is trained."""

    epochs: Positive | None = option(
        "passes over the training queries (None: 3 to 10, about 300 steps; adapter: 1000; both sides: 1 to 10, "
        "about 100)",
        default=None,
    )
    batch_size: Count = option("queries a step and process", default=32)
    gradient_accumulation_steps: Count = option(
        "batches whose gradients are added up for one step", default=1
    )
    optimizer: Literal["adamw", "lamb"] = option(
        "LAMB (arXiv 1904.00962) is for batches of hundreds of queries", default="adamw"
    )
    learning_rate: Positive | None = option(
        "peak rate (None: 5e-5 encoder and both sides, 1e-4 encoder without judgements, 2e-3 adapter, 5e-4 lora)",
        default=None,
    )
    lr_scheduler_type: Literal["linear", "cosine", "constant_with_warmup"] = option(
        "the rate after the first tenth of the steps, in which it rises", default="linear"
    )
    max_grad_norm: Positive = option("largest norm of the gradient", default=1.0)
    evaluations: Count | None = option(
        "dev measurements during training, spread evenly; each leaves weights to choose from (None: 10; both sides: 2)",
        default=None,
    )
    patience: Count | None = option("stop after so many dev measurements without a better one", default=None)
    precision: Precision = option(
        "arithmetic of the encoder, its weights stay float32; auto: bf16 if the hardware has it",
        default="auto",
    )
    seed: NotNegativeCount = option("of the order of queries, dropout and new weights", default=42)

    def steps(self, queries: int, processes: int, defaults: ScheduleDefaults) -> tuple[int, int]:
        """Count the steps.

        Parameters
        ----------
        queries : int
            Training queries.
        processes : int
            Processes that train together.
        defaults : ScheduleDefaults
            What is done where the schedule leaves it open.

        Returns
        -------
        steps, every : int
            Steps in all, and from one dev measurement to the next, which divide them.
        """
        in_epoch = -(-queries // (self.batch_size * self.gradient_accumulation_steps * processes))
        epochs = self.epochs or min(
            max(defaults.steps / in_epoch, defaults.fewest_epochs), defaults.most_epochs
        )
        wanted = max(1, round(in_epoch * epochs))
        every = -(-wanted // (self.evaluations or defaults.evaluations))
        return -(-wanted // every) * every, every

    def drawn(self, queries: int, defaults: ScheduleDefaults) -> int:
        """Count the queries that all steps take together; see `steps`."""
        processes = PartialState().num_processes
        steps, _ = self.steps(queries, processes, defaults)
        return steps * self.batch_size * self.gradient_accumulation_steps * processes

    def optimizer_class(self) -> tuple[type[torch.optim.Optimizer], dict[str, object]] | None:
        """LAMB and its settings as the Trainer wants them; None for the Trainer's own AdamW."""
        if self.optimizer == "adamw":
            return None
        try:
            from pytorch_optimizer import Lamb
        except ImportError:
            raise InputError(
                '`optimizer` lamb needs pytorch-optimizer; install it: pip install "pyserini-ltre[lamb]"'
            ) from None
        return Lamb, {"weight_decay": 0.0}

    def training_arguments(
        self,
        folder: str,
        queries: int,
        defaults: ScheduleDefaults,
        device: torch.device,
        measure: str,
        keep_best: bool,
    ) -> TrainingArguments:
        """Say it in the words of Hugging Face's Trainer.

        Parameters
        ----------
        folder : str
            For checkpoints.
        queries, defaults
            See `steps`.
        device : torch.device
            Where the module lies.
        measure : str
            Name of the dev measure, the larger the better.
        keep_best : bool
            Whether the weights that were best by it are loaded at the end, or the last ones stay.
        """
        steps, every = self.steps(queries, PartialState().num_processes, defaults)
        arguments = TrainingArguments(
            output_dir=folder,
            max_steps=steps,
            per_device_train_batch_size=self.batch_size,
            gradient_accumulation_steps=self.gradient_accumulation_steps,
            learning_rate=self.learning_rate or defaults.learning_rate,
            lr_scheduler_type=self.lr_scheduler_type,
            warmup_steps=steps // 10,
            weight_decay=0.0,
            max_grad_norm=self.max_grad_norm,
            bf16=resolve_precision(self.precision, device) == "bf16",
            eval_strategy="steps",
            eval_steps=every,
            save_strategy="steps",
            save_steps=every,
            # Two, because the older one must still be whole while the newer one is being written.
            save_total_limit=2,
            load_best_model_at_end=keep_best,
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
        # Otherwise the Trainer spreads a batch over all devices that it sees; the encoder lies on one.
        arguments._n_gpu = min(arguments.n_gpu, 1)
        return arguments
