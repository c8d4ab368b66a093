"""Ray clusters of several nodes on this machine, in real processes, for the tests."""

import os
import signal
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from typing import Any

import psutil

# Before Ray is imported by anybody: it is not to phone home.
os.environ["RAY_USAGE_STATS_ENABLED"] = "0"
OBJECTS = 300 * 2**20


@contextmanager
def cluster(*nodes: str, **settings: dict[str, Any]) -> Iterator[Any]:
    """A cluster of nodes of these names, each with one processor; the first is the head.

    Parameters
    ----------
    *nodes : str
        Their names.
    **settings : dict
        What Ray is to be told of a node beside that, by its name.

    Yields
    ------
    ray.cluster_utils.Cluster
        With ``address``, ``add_node`` and ``remove_node``.
    """
    from ray.cluster_utils import Cluster

    usual = {"num_cpus": 1, "object_store_memory": OBJECTS, "include_dashboard": False}
    first, *others = ({**usual, "node_name": name, **settings.get(name, {})} for name in nodes)
    made = Cluster(initialize_head=True, head_node_args=first)
    try:
        for other in others:
            made.add_node(**other)
        yield made
    finally:
        made.shutdown()


def processes(name: str) -> list[psutil.Process]:
    """Processes of workers that a cluster of this test has started, by how Ray calls them."""
    found = []
    for one in psutil.Process().children(recursive=True):
        with suppress(psutil.NoSuchProcess):  # it has ended since
            if one.status() != "zombie" and "".join(one.cmdline()[:1]).startswith(name):
                found.append(one)
    return found


def process_of(actor: Any) -> int:
    """The process in which a worker lives."""
    import ray

    return ray.get(actor.__ray_call__.remote(lambda worker: os.getpid()))


def kill(process: int) -> None:
    """Kill a process as the system does that has no memory left."""
    os.kill(process, signal.SIGKILL)


@contextmanager
def before_call(owner: object, name: str, number: int, act: Callable[[], object]) -> Iterator[None]:
    """Do something before the n-th call (from 1) of a method, once."""
    calls, method = 0, getattr(owner, name)

    def counted(*arguments: object, **options: object) -> object:
        nonlocal calls
        calls += 1
        if calls == number:
            act()
        return method(*arguments, **options)

    setattr(owner, name, counted)
    try:
        yield
        assert calls >= number, f"{name} was called {calls} times only"
    finally:
        delattr(owner, name)
