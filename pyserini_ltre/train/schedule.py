"""How long and how fast is trained."""

import math
from dataclasses import dataclass

from pyserini_ltre.errors import InputError


@dataclass(frozen=True)
class Schedule:
    """How long and how fast is trained.

    Attributes
    ----------
    epochs : float
        Passes over the training queries.
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

    epochs: float = 3.0
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

    def steps(self, queries: int, processes: int = 1) -> tuple[int, int]:
        """Steps in all, and steps from one dev measurement to the next, which divide them."""
        in_epoch = -(-queries // (self.batch_size * self.accumulate * processes))
        wanted = max(1, round(in_epoch * self.epochs))
        every = -(-wanted // self.evaluations)
        return -(-wanted // every) * every, every
