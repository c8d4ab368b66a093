"""Workers that encode windows of texts, one on each processor of a Ray cluster; those that die are replaced."""

import time
from collections import deque
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
from tqdm import tqdm

from pyserini_ltre.cluster import STARTED, Lost, received
from pyserini_ltre.encode.backends import choose
from pyserini_ltre.encode.batching import encode_stream
from pyserini_ltre.encode.document_stream import DocumentStream
from pyserini_ltre.encode.model import BiEncoder
from pyserini_ltre.errors import InputError

# Seconds within which a window has to be encoded.
ANSWERED = 3600.0
# Between looks at which machines there are.
PAUSE = 5.0
# Workers that may die over one window, before it is thought to be the window; and before they have begun.
DEATHS = 3


class WindowEncoder:
    """What a worker does: it encodes windows, on one thread, because threads decide on the last digits of a sum.

    Parameters
    ----------
    encoder : BiEncoder
        The document encoder.
    backend, precision, batch_size
        As the forward pass of the one who asks.
    """

    def __init__(self, encoder: BiEncoder, backend: str, precision: str, batch_size: int) -> None:
        torch.set_num_threads(1)
        self.encoder, self.batch_size = encoder, batch_size
        self.backend, self.precision = backend, precision

    def prepare(self) -> None:
        """Get the forward pass; an `InputError` says if this machine lacks what computes it."""
        self.forward = choose(self.encoder, self.backend, self.precision)

    def encode(self, texts: list[str]) -> np.ndarray:
        """Embeddings (n, d) of a window of texts."""
        (vectors,) = encode_stream(self.encoder, texts, "document", self.batch_size, backend=self.forward)
        return vectors


@dataclass
class Task:
    """A window on its way: its place among all, its texts, since when, and the workers that died over it."""

    place: int
    texts: list[str]
    since: float = 0.0
    deaths: int = 0


class Workers:
    """The workers of one encoding.

    Parameters
    ----------
    stream : DocumentStream
        What they encode with.
    """

    def __init__(self, stream: DocumentStream) -> None:
        import ray

        self.ray = ray
        forward = stream.forward
        # The encoder once for all, in Ray's memory: nothing of it has to lie on their machines.
        self.given = ray.put(stream.encoder), forward.backend, forward.precision, stream.batch_size
        self.actors: dict[Any, Task | None] = {}
        self.answers: dict[Any, Any] = {}
        self.idle: list[Any] = []
        self.again: deque[Task] = deque()
        self.stillborn = 0

    def encoded(self, windows: Iterable[list[str]], bar: tqdm) -> Iterator[np.ndarray]:
        """Embeddings (n, d) of each window, in their order; few are ahead of the one that is waited for."""
        coming = enumerate(windows)
        following = next(coming, None)
        done: dict[int, np.ndarray] = {}
        given = taken = 0
        idle_since = time.monotonic()
        while following is not None or taken < given:
            self._start()
            while self.idle and self.again:
                self._give(self.idle.pop(), self.again.popleft())
            while self.idle and following is not None and given < taken + 2 * len(self.actors) + 2:
                self._give(self.idle.pop(), Task(*following))
                following = next(coming, None)
                given += 1
            if any(self.actors.values()) or self.idle:
                idle_since = time.monotonic()
            elif time.monotonic() > idle_since + STARTED:
                raise InputError(
                    f"`ray`: no worker was there within {STARTED:.0f} s; free some of the cluster's processors"
                )
            for place, vectors in self._answered():
                done[place] = vectors
                bar.update(len(vectors))
            while taken in done:
                yield done.pop(taken)
                taken += 1

    def close(self) -> None:
        """End the workers."""
        for actor in self.actors:
            self.ray.kill(actor)

    def _start(self) -> None:
        """Start a worker for each processor that has none; nobody waits for one whose processor is not free."""
        if self.stillborn > DEATHS:
            return
        alive = [node["Resources"] for node in self.ray.nodes() if node["Alive"]]
        for _ in range(sum(int(resources.get("CPU", 0)) for resources in alive) - len(self.actors)):
            made: Any = self.ray.remote(WindowEncoder).options(num_cpus=1, scheduling_strategy="SPREAD")
            actor = made.remote(*self.given)
            self.actors[actor] = None
            self.answers[actor.prepare.remote()] = actor

    def _give(self, actor: Any, task: Task) -> None:
        task.since = time.monotonic()
        self.actors[actor] = task
        self.answers[actor.encode.remote(task.texts)] = actor

    def _answered(self) -> Iterator[tuple[int, np.ndarray]]:
        """Wait a moment for windows, by their places; those of workers that have died are left to others."""
        for answer in self.ray.wait(list(self.answers), timeout=PAUSE)[0] if self.answers else ():
            actor = self.answers.pop(answer)
            try:
                vectors = received(answer)
            except Lost as error:
                self._bury(actor, str(error))
                continue
            task = self.actors[actor]
            self.actors[actor] = None
            self.idle.append(actor)
            if task is not None:
                yield task.place, vectors
        for answer, actor in list(self.answers.items()):
            task = self.actors[actor]
            if task is not None and time.monotonic() > task.since + ANSWERED:
                del self.answers[answer]
                self._bury(actor, "no answer in time")

    def _bury(self, actor: Any, reason: str) -> None:
        """Leave the window of a worker that has died to another; an `InputError` says if that is of no use."""
        task = self.actors.pop(actor)
        self.ray.kill(actor)
        if task is None:
            self.stillborn += 1
            if self.stillborn > DEATHS and not self.actors:
                raise InputError(
                    f"`ray`: workers die before they have begun ({reason}); look into Ray's logs"
                )
            return
        task.deaths += 1
        if task.deaths > DEATHS:
            raise InputError(
                f"`ray`: {task.deaths} workers died over the same documents ({reason}); look into Ray's logs, "
                "and whether the memory is enough"
            )
        self.again.append(task)
