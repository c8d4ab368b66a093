"""The order of the training queries: decided by the seed and the epoch alone, so that a resumed training repeats it."""

from collections.abc import Iterator

import torch
from torch.utils.data import Sampler
from transformers.trainer_pt_utils import LengthGroupedSampler


class EpochSampler(LengthGroupedSampler):
    """Queries of similar length together."""

    def __init__(self, batch_size: int, lengths: list[int], seed: int) -> None:
        super().__init__(batch_size, lengths=lengths)
        self.seed = seed
        self.set_epoch(0)

    def set_epoch(self, epoch: int) -> None:
        """Called by the data loader before each epoch."""
        self.generator = torch.Generator().manual_seed(self.seed + epoch)


class DrawSampler(Sampler[tuple[int, int]]):
    """Queries in random order, each with the epoch: what is drawn for a query in an epoch depends on nothing else."""

    def __init__(self, queries: int, seed: int) -> None:
        self.queries = queries
        self.seed = seed
        self.epoch = 0

    def __len__(self) -> int:
        return self.queries

    def __iter__(self) -> Iterator[tuple[int, int]]:
        generator = torch.Generator().manual_seed(self.seed + self.epoch)
        return iter(
            [(self.epoch, item) for item in torch.randperm(self.queries, generator=generator).tolist()]
        )

    def set_epoch(self, epoch: int) -> None:
        """Called by the data loader before each epoch."""
        self.epoch = epoch
