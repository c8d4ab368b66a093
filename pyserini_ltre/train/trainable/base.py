"""What the trainer needs of the part that is trained."""

from typing import Protocol

import torch
from torch import nn

from pyserini_ltre.encode.model import BiEncoder
from pyserini_ltre.train.loop.schedule import ScheduleDefaults


class Trainable(Protocol):
    """A trainable part of the query side.

    Attributes
    ----------
    defaults : ScheduleDefaults
        Rate and steps that suit it.
    anchor : float
        Weight of the anchor that suits it, unless the user says otherwise.
    """

    defaults: ScheduleDefaults
    anchor: float

    @property
    def encoder(self) -> BiEncoder:
        """What the part belongs to."""

    @property
    def module(self) -> nn.Module:
        """Maps the features of a batch to embeddings (B, d): what the optimiser sees."""

    def features(self, texts: list[str], frozen: torch.Tensor) -> list[dict]:
        """Features of each query, made once: its tokens, or its frozen embedding."""

    def collate(self, features: list[dict]) -> dict[str, torch.Tensor]:
        """Join features to the arguments of ``module.forward``."""

    def embed(self, texts: list[str], frozen: torch.Tensor) -> torch.Tensor:
        """Embeddings (N, d) of queries with the weights as they are now."""

    def finish(self) -> BiEncoder:
        """The encoder to keep, with the weights as they are now."""

    def discard(self) -> BiEncoder:
        """The encoder exactly as it was before training."""
