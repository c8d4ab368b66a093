"""Query embeddings that are the same to the last bit alone and in company, and that are ready when asked for.

Padding and a second thread change the last digits of an embedding, and with them now and then the order of two hits.
So queries are encoded in groups of the same number of tokens, each group on one thread; several threads work on
several groups. Few tokens can make a difference even then (a matrix product of few rows may be computed in another
way), so a length is tried once, one query alone and with others, before queries of that length go together.
"""

import threading
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import contextmanager

import numpy as np
import torch

# Queries that are grouped together: enough for full groups, few enough for the first to be ready soon.
WINDOW = 512
# Twice as many in a group are encoded hardly faster.
GROUP = 16
# Trying a length is not worth while for so few queries.
FEW = 2

Embed = Callable[[list[list[int]]], np.ndarray]

_lock = threading.Lock()
_inside = 0
_threads_outside = 1


@contextmanager
def one_thread() -> Iterator[None]:
    """Have torch compute on one thread, and on as many as before after the block; blocks may overlap."""
    global _inside, _threads_outside
    with _lock:
        if _inside == 0:
            _threads_outside = torch.get_num_threads()
        _inside += 1
        torch.set_num_threads(1)
    try:
        yield
    finally:
        with _lock:
            _inside -= 1
            torch.set_num_threads(_threads_outside)


class EqualLengths:
    """Embeddings of a list of queries, made group by group by worker threads and by whoever would have to wait.

    To be used within `one_thread`.

    Parameters
    ----------
    embed : callable
        Token ids of n queries of the same length -> (n, d) array; called from several threads.
    token_ids : sequence of list of int
        Token ids of each query, special tokens included.
    threads : int
        Threads that compute, that of the caller among them.
    together : dict of int to bool
        Number of tokens -> whether queries of that length may go together; found out and kept here.
    """

    def __init__(
        self, embed: Embed, token_ids: Sequence[list[int]], threads: int, together: dict[int, bool]
    ) -> None:
        self.embed = embed
        self.token_ids = token_ids
        self.together = together
        self.group_of: dict[int, tuple[list[int], Future]] = {}
        self.workers = ThreadPoolExecutor(threads - 1) if threads > 1 else None
        for rows in _groups([len(ids) for ids in token_ids]):
            # Nobody works on a future that has not been submitted: it can always be taken back.
            future = self.workers.submit(self._embed, rows) if self.workers else Future()
            self.group_of |= dict.fromkeys(rows, (rows, future))

    def __getitem__(self, place: int) -> np.ndarray:
        """Embedding (d,) of the query at a place."""
        rows, future = self.group_of[place]
        if future.cancel():
            future = Future()
            future.set_result(self._embed(rows))
            self.group_of |= dict.fromkeys(rows, (rows, future))
        return future.result()[rows.index(place)]

    def close(self) -> None:
        """Let the worker threads end; groups that none has begun are left."""
        if self.workers:
            self.workers.shutdown(cancel_futures=True)

    def _embed(self, rows: list[int]) -> np.ndarray:
        token_ids = [self.token_ids[row] for row in rows]
        length = len(token_ids[0])
        if len(rows) > FEW and length not in self.together:
            vectors = self.embed(token_ids)
            self.together[length] = np.array_equal(self.embed(token_ids[-1:])[0], vectors[-1])
            if self.together[length]:
                return vectors
        if self.together.get(length):
            return self.embed(token_ids)
        return np.concatenate([self.embed([ids]) for ids in token_ids])


def _groups(lengths: list[int]) -> Iterator[list[int]]:
    """Places of equal length, window by window, each group where its first member stands."""
    for start in range(0, len(lengths), WINDOW):
        of_length: dict[int, list[int]] = {}
        for place in range(start, min(start + WINDOW, len(lengths))):
            of_length.setdefault(lengths[place], []).append(place)
        groups = (
            same[first : first + GROUP] for same in of_length.values() for first in range(0, len(same), GROUP)
        )
        yield from sorted(groups)
