"""The workers, one a machine: asked all at once, and replaced where they die."""

import time
from collections import Counter
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from pyserini_ltre.cluster import STARTED, Lost, received
from pyserini_ltre.errors import InputError
from pyserini_ltre.files import is_url
from pyserini_ltre.index.remote.fetching import fetches
from pyserini_ltre.index.remote.placement import Node, placed
from pyserini_ltre.index.remote.starting import Worker, seats, start
from pyserini_ltre.index.sharded.manifest import Manifest

# Seconds within which a worker has to have answered (a shard may have to be read from a slow disk), and another machine
# to hold the shards of one that has gone.
ANSWERED, HELD_AGAIN = 600.0, 300.0
# Between looks at which machines there are.
PAUSE = 1.0
# Workers of one shard that may die over one and the same question, before it is thought to be the question.
DEATHS = 5


class Workers:
    """A worker on each machine of the cluster, or GPU; every shard has one that answers for it.

    Parameters
    ----------
    place : Path or str
        The sharded index: the same path on every machine, each of which has some of its shards, or all; or the URL from
        which each fetches those that it is to search.
    manifest : Manifest
        As the learner has read it.
    device : {"cpu", "cuda"}
        Where they compute; with ``cuda``, there is a worker for each GPU of the cluster.

    Raises
    ------
    InputError
        If a shard lies nowhere, cannot be fetched, or what lies there is not what the manifest says: machine and file
        are named.
    """

    def __init__(self, place: Path | str, manifest: Manifest, device: str = "cpu") -> None:
        import ray

        self.ray = ray
        self.place, self.manifest, self.device = place, manifest, device
        self.workers: dict[str, Worker] = {}
        self.lost: dict[str, str] = {}
        self._place()

    def ask(self, method: str, shards: Mapping[int, Any], *shared: Any) -> list[Any]:
        """Ask the workers of some shards, all at once; what a worker that dies was asked, another is.

        Parameters
        ----------
        method : str
            Of `ShardHolder`.
        shards : mapping
            What is asked of each shard, by number.
        *shared
            What else the method takes.

        Returns
        -------
        list
            The answers, which stand for all of the shards, each once.

        Raises
        ------
        InputError
            If a shard is lost: no machine holds it any more, or its workers die again and again.
        """
        left, answers = dict(shards), []
        deaths: Counter[int] = Counter()
        while left:
            asked = []
            for worker in self.workers.values():
                part = {number: left[number] for number in sorted(worker.shards & left.keys())}
                if part:
                    asked.append((worker, part, getattr(worker.actor, method).remote(part, *shared)))
            end = time.monotonic() + ANSWERED
            dead = []
            for worker, part, answer in asked:
                try:
                    answers.append(self._get(worker.node, answer, end - time.monotonic()))
                except Lost as error:
                    dead.append((worker, part, error))
                else:
                    left = {number: wanted for number, wanted in left.items() if number not in part}
            for worker, part, loss in dead:
                deaths.update(part.keys())
                self._check_deaths(deaths, worker.node, f"{method} of shards of {self.place}", loss)
                self._end(worker)
            if dead:
                self._place(HELD_AGAIN)
        return answers

    def close(self) -> None:
        """End the workers."""
        for worker in list(self.workers.values()):
            self._end(worker)

    def _get(self, node: Node, answer: Any, seconds: float) -> Any:
        """Wait for an answer; an `InputError` of the worker names its machine."""
        try:
            return received(answer, max(seconds, 0.0))
        except InputError as error:
            raise InputError(f"node {node.name}: {error}") from None

    def _end(self, worker: Worker) -> None:
        self.ray.kill(worker.actor)
        del self.workers[worker.node.key]

    def _place(self, patience: float = 0.0) -> None:
        """Find a worker for each shard that has none, and have it fetch that; start those that are not there."""
        end = time.monotonic() + patience
        deaths: Counter[int] = Counter()
        while True:
            self._start()
            held = {number for worker in self.workers.values() for number in worker.shards}
            rows = {
                number: shard["rows"]
                for number, shard in enumerate(self.manifest.shards)
                if number not in held
            }
            if not rows:
                return
            holders = {
                number: [worker.node for worker in self.workers.values() if number not in worker.missing]
                for number in rows
            }
            if all(holders.values()):
                lacking = {key: worker.lacking for key, worker in self.workers.items()}
                for number, node in placed(rows, holders, self._loads(), lacking).items():
                    self.workers[node.key].shards.add(number)
                self._fetch(deaths)
            elif time.monotonic() >= end:
                raise InputError(self._nowhere(next(number for number in rows if not holders[number])))
            else:
                time.sleep(PAUSE)

    def _fetch(self, deaths: Counter[int]) -> None:
        """Have shards fetched by those that lack them; who cannot, or dies over it, answers for them no longer."""
        sizes = [sum(file["bytes"] for file in shard["files"].values()) for shard in self.manifest.shards]
        for worker, number, outcome in fetches(self.ray, list(self.workers.values()), sizes):
            if outcome is None:
                worker.lacking.discard(number)
            elif isinstance(outcome, str):
                worker.missing[number] = outcome
                worker.shards.discard(number)
            else:
                deaths[number] += 1
                self._check_deaths(deaths, worker.node, f"fetching {self.place}", outcome)
                if self.workers.get(worker.node.key) is worker:
                    self._end(worker)

    def _check_deaths(self, deaths: Counter[int], node: Node, over: str, loss: Lost) -> None:
        if (most := max(deaths.values())) > DEATHS:
            raise InputError(
                f"node {node.name}: {most} workers died over {over} ({loss}); look into Ray's logs there, and whether "
                "the memory is enough"
            )

    def _start(self) -> None:
        """Start a worker where there is none, and ask it what lies there; one that dies is left out."""
        started = []
        for node in seats(self.ray, self.device):
            if node.key not in self.workers:
                actor = start(self.ray, node, self.place, self.manifest, self.device)
                started.append((Worker(actor, node), actor.missing.remote()))
        end = time.monotonic() + STARTED
        for worker, answer in started:
            try:
                missing = self._get(worker.node, answer, end - time.monotonic())
            except Lost as error:
                self.lost[worker.node.key] = f"node {worker.node.name}: {error}"
                self.ray.kill(worker.actor)
                continue
            if is_url(self.place):
                worker.lacking = {*missing}
            else:
                worker.missing = missing
            self.workers[worker.node.key] = worker
            self.lost.pop(worker.node.key, None)

    def _loads(self) -> dict[str, int]:
        sizes = [shard["rows"] for shard in self.manifest.shards]
        return {key: sum(sizes[number] for number in one.shards) for key, one in self.workers.items()}

    def _nowhere(self, number: int) -> str:
        """What to say of a shard that no machine has."""
        faults = [f"node {one.node.name}: {one.missing[number]}" for one in self.workers.values()]
        faults += self.lost.values()
        if not faults:
            return "no node of the cluster has a GPU" if self.device == "cuda" else "no node may compute"
        return "; ".join(faults if is_url(self.place) else [*faults, "copy that shard to one of the nodes"])
