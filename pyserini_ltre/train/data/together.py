"""Judged queries and queries that a teacher has answered, as many of each in every batch."""

from collections.abc import Iterator
from itertools import islice

from torch.utils.data import Dataset, Sampler

from pyserini_ltre.train.data.order import EpochSampler
from pyserini_ltre.train.data.queries import TrainingQueries
from pyserini_ltre.train.data.taught import TaughtQueries

# What belongs to a query of a teacher, where both are in a batch.
UNJUDGED = "unjudged"


class PairedSampler(Sampler[tuple[int, int]]):
    """Judged and unjudged queries side by side: an epoch goes through the more numerous ones once.

    Parameters
    ----------
    judged, unjudged : EpochSampler
        The orders of the two; the less numerous ones come round in epochs of their own.
    """

    def __init__(self, judged: EpochSampler, unjudged: EpochSampler) -> None:
        self.sides = (judged, unjudged)
        self.epoch = 0

    def __len__(self) -> int:
        return max(map(len, self.sides))

    def __iter__(self) -> Iterator[tuple[int, int]]:
        judged, unjudged = map(self._endless, self.sides)
        return islice(zip(judged, unjudged, strict=True), len(self))

    def _endless(self, side: EpochSampler) -> Iterator[int]:
        """Go on where the last epoch ended, which is known without having gone through it."""
        epoch, passed = divmod(self.epoch * len(self), len(side))
        while True:
            side.set_epoch(epoch)
            yield from list(side)[passed:]
            epoch, passed = epoch + 1, 0

    def set_epoch(self, epoch: int) -> None:
        """Called by the data loader before each epoch."""
        self.epoch = epoch


class TogetherQueries(Dataset):
    """A judged query and one that a teacher has answered an item, and how items become a batch.

    Parameters
    ----------
    judged : TrainingQueries
    unjudged : TaughtQueries
        An epoch goes through the more numerous ones once; the others come round.
    """

    def __init__(self, judged: TrainingQueries, unjudged: TaughtQueries) -> None:
        self.judged = judged
        self.unjudged = unjudged

    def __len__(self) -> int:
        return max(len(self.judged), len(self.unjudged))

    def __getitem__(self, drawn: tuple[int, int]) -> tuple[dict[str, object], dict[str, object]]:
        return self.judged[drawn[0]], self.unjudged[drawn[1]]

    def sampler(self, batch_size: int, seed: int) -> PairedSampler:
        """Queries of similar length together, on each side."""
        return PairedSampler(self.judged.sampler(batch_size, seed), self.unjudged.sampler(batch_size, seed))

    def collate(self, items: list[tuple[dict, dict]]) -> dict[str, object]:
        """Join B items: ``features`` of the 2 B queries, judged ones first; what else a side has, a dict a side."""
        judged, unjudged = ([item[side] for item in items] for side in (0, 1))
        batch, taught = self.judged.collate(judged), self.unjudged.collate(unjudged)
        batch["features"] = self.judged.trainable.collate([item["features"] for item in judged + unjudged])
        del taught["features"]
        return batch | {UNJUDGED: taught}
