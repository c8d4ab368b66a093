"""Shards that workers fetch, each onto its own machine, before they answer for them."""

import time
from collections.abc import Iterable, Iterator
from typing import Any

from tqdm import tqdm

from pyserini_ltre.cluster import Lost, received
from pyserini_ltre.errors import InputError
from pyserini_ltre.index.remote.starting import Worker

# Bytes a second of the slowest network that is waited for, and the seconds that come on top. That nothing at all comes
# is noticed by the worker itself.
SLOWEST, PATIENCE = 2**20, 600.0
# Between looks at whose time is up.
PAUSE = 1.0


def fetches(
    ray: Any, workers: Iterable[Worker], sizes: list[int]
) -> Iterator[tuple[Worker, int, str | Lost | None]]:
    """Have workers fetch what they lack of their shards, one after the other, all workers at once.

    Parameters
    ----------
    ray : module
        Ray's.
    workers : iterable of Worker
        Each with the shards that it is to answer for.
    sizes : list of int
        Bytes of each shard of the index.

    Yields
    ------
    worker, number, outcome
        None if the shard is there; why this machine cannot have it; or `Lost`, if the worker has died.

    Raises
    ------
    InputError
        If what lies in the storage is not the shard of the manifest.
    """
    asked: dict[Any, tuple[Worker, int, float]] = {}
    for worker in workers:
        end = time.monotonic() + PATIENCE
        for number in sorted(worker.shards & worker.lacking):
            end += sizes[number] / SLOWEST
            asked[worker.actor.fetch.remote(number)] = worker, number, end
    if not asked:
        return
    total = sum(sizes[number] for _, number, _ in asked.values())
    with tqdm(total=total, unit="B", unit_scale=True, desc="fetching shards", disable=None) as bar:
        while asked:
            for answer in ray.wait(list(asked), timeout=PAUSE)[0]:
                worker, number, _ = asked.pop(answer)
                try:
                    outcome = received(answer)
                except InputError as error:
                    raise InputError(f"node {worker.node.name}: {error}") from None
                except Lost as error:
                    outcome = error
                bar.update(sizes[number])
                yield worker, number, outcome
            for answer, (worker, number, end) in list(asked.items()):
                if time.monotonic() > end:
                    del asked[answer]
                    yield worker, number, Lost("no answer in time")
