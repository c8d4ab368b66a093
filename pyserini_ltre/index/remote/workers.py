"""The workers, one a machine: asked all at once, and replaced where they die."""

import time
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from pyserini_ltre.cluster import Lost, received
from pyserini_ltre.errors import InputError
from pyserini_ltre.index.remote.holder import ShardHolder
from pyserini_ltre.index.remote.placement import Node, placed
from pyserini_ltre.index.sharded.manifest import Manifest

# Seconds within which a worker has to be there; to have answered (a shard may have to be read from a slow disk); and
# within which another machine has to hold the shards of one that has gone.
STARTED, ANSWERED, HELD_AGAIN = 60.0, 600.0, 300.0
# Between looks at which machines there are.
PAUSE = 1.0
# Workers of one shard that may die over one and the same question, before it is thought to be the question.
DEATHS = 5


@dataclass
class Worker:
    """A worker, its machine, and the shards that it answers for."""

    actor: Any
    node: Node
    missing: dict[int, str] = field(default_factory=dict)
    shards: set[int] = field(default_factory=set)


class Workers:
    """A worker on each machine of the cluster on which shards lie; every shard has one that answers for it.

    Parameters
    ----------
    path : Path
        The sharded index: the same on every machine, each of which has some of its shards, or all.
    manifest : Manifest
        Of the learner's copy.

    Raises
    ------
    InputError
        If a shard lies nowhere, or what lies there is not what the manifest says: machine and file are named.
    """

    def __init__(self, path: Path, manifest: Manifest) -> None:
        import ray

        self.ray = ray
        self.path, self.manifest = path, manifest
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
                if (most := max(deaths.values())) > DEATHS:
                    raise InputError(
                        f"node {worker.node.name}: {most} workers died over {method} of shards of {self.path} "
                        f"({loss}); look into Ray's logs there, and whether the memory is enough"
                    )
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
        """Find a worker for each shard that has none; start those that are not there."""
        end = time.monotonic() + patience
        while True:
            self._start()
            held = {number for worker in self.workers.values() for number in worker.shards}
            rows = {
                number: shard["rows"]
                for number, shard in enumerate(self.manifest.shards)
                if number not in held
            }
            holders = {
                number: [worker.node for worker in self.workers.values() if number not in worker.missing]
                for number in rows
            }
            if all(holders.values()):
                break
            if time.monotonic() >= end:
                raise InputError(self._nowhere(next(number for number in rows if not holders[number])))
            time.sleep(PAUSE)
        for number, node in placed(rows, holders, self._loads()).items():
            self.workers[node.key].shards.add(number)

    def _start(self) -> None:
        """Start a worker on each machine that has none, and ask it what lies there; one that dies is left out."""
        from ray.util.scheduling_strategies import NodeAffinitySchedulingStrategy

        started = []
        for node in self._nodes():
            if node.key in self.workers:
                continue
            # It takes no processors from what Ray counts: the learner waits while the workers search, and one that
            # has to wait for its share would never take the place of another.
            actor = (
                self.ray.remote(ShardHolder)
                .options(num_cpus=0, scheduling_strategy=NodeAffinitySchedulingStrategy(node.key, soft=False))
                .remote(self.path, self.manifest, node.processors)
            )
            started.append((Worker(actor, node), actor.missing.remote()))  # type: ignore[attr-defined]  # Ray's
        end = time.monotonic() + STARTED
        for worker, answer in started:
            try:
                worker.missing = self._get(worker.node, answer, end - time.monotonic())
            except Lost as error:
                self.lost[worker.node.key] = f"node {worker.node.name}: {error}"
                self.ray.kill(worker.actor)
            else:
                self.workers[worker.node.key] = worker
                self.lost.pop(worker.node.key, None)

    def _nodes(self) -> list[Node]:
        """The machines that are there and may compute, by name."""
        alive = [
            Node(node["NodeID"], node["NodeName"], int(node["Resources"]["CPU"]))
            for node in self.ray.nodes()
            if node["Alive"] and node["Resources"].get("CPU", 0) >= 1
        ]
        return sorted(alive, key=lambda node: node.name)

    def _loads(self) -> dict[str, int]:
        sizes = [shard["rows"] for shard in self.manifest.shards]
        return {key: sum(sizes[number] for number in one.shards) for key, one in self.workers.items()}

    def _nowhere(self, number: int) -> str:
        """What to say of a shard that no machine has."""
        faults = [f"node {one.node.name}: {one.missing[number]}" for one in self.workers.values()]
        faults += self.lost.values()
        return f"{'; '.join(faults) or 'no node may compute'}; copy that shard to one of the nodes"
