"""Ray, an engine for work on several machines: imported, and connected to or started, only where it is asked for."""

import os
import signal
import socket
import subprocess
import sys
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from typing import Any, Literal, Protocol, TypeVar, runtime_checkable

from pyserini_ltre.errors import InputError, reason
from pyserini_ltre.options import option, option_group

LOCAL, RUNNING = "local", "auto"
# Seconds within which an address has to answer: a port, and Ray behind it.
PORT_ANSWERS, RAY_ANSWERS = 5.0, 30.0
# Seconds within which a worker has to be there: Ray starts it at a low priority.
STARTED = 300.0
# What a Ray that is started here may take of the memory for what it hands on: some windows of vectors.
OBJECT_BYTES = 2**30
ATTEMPT = "import ray, sys; ray.init(address=sys.argv[1], log_to_driver=False, logging_level='ERROR')"

Content = TypeVar("Content")


@option_group
class RayOptions:
    """Which machines do the work; a sharded index, or the number of shards, says how it is divided."""

    ray: str | None = option(
        "use Ray: HOST:PORT of a cluster, local (starts one on this machine), or nothing for the one that runs here",
        default=None,
        nargs="?",
        const=RUNNING,
        metavar="ADDRESS",
    )


@option_group
class RaySearchOptions(RayOptions):
    """Which machines search, and with what."""

    ray_device: Literal["cpu", "cuda"] = option(
        "where Ray's workers search: with cuda, one on each GPU of the cluster", default="cpu"
    )


@contextmanager
def connected(address: str) -> Iterator[Any]:
    """Connect to Ray for a block, or start it; where the process is connected already, that is used, and stays.

    Parameters
    ----------
    address : str
        ``HOST:PORT``, ``auto`` for what runs on this machine, or ``local`` to start it here.

    Yields
    ------
    module
        Ray's.

    Raises
    ------
    InputError
        If Ray is not installed, or nothing answers there in time.
    """
    os.environ["RAY_USAGE_STATS_ENABLED"] = "0"
    try:
        import ray
    except ImportError:
        raise InputError(
            "`ray` needs Ray, which is not installed: pip install 'pyserini-ltre[ray]'"
        ) from None
    if ray.is_initialized():
        yield ray
        return
    quiet: dict[str, Any] = {"log_to_driver": False, "logging_level": "ERROR"}
    if address == LOCAL:
        # Else the threads of workers would wait for work in the way of this process.
        os.environ.setdefault("OMP_WAIT_POLICY", "PASSIVE")
        processors = len(os.sched_getaffinity(0))
        more = {"num_cpus": processors, "include_dashboard": False, "object_store_memory": OBJECT_BYTES}
        quiet |= {"address": LOCAL, **more}
    else:
        _check_answers(address)
        quiet |= {"address": address}
    ended = signal.getsignal(signal.SIGTERM)
    ray.init(**quiet)
    # Ray has put a handler of its own in the place of ours, which ends the process with another status.
    signal.signal(signal.SIGTERM, ended)
    try:
        yield ray
    finally:
        ray.shutdown()


def _check_answers(address: str) -> None:
    """Try in a process of its own: where nothing answers, Ray tries for minutes, and cannot be told not to."""
    host, _, port = address.rpartition(":")
    if address != RUNNING:
        if not host or not port.isdecimal():
            raise InputError(f"`ray` {address}: give HOST:PORT, {LOCAL}, or no address")
        try:
            socket.create_connection((host.strip("[]"), int(port)), PORT_ANSWERS).close()
        except (OSError, OverflowError) as error:
            raise InputError(f"`ray` {address}: nothing answers there ({reason(error)}); {_START}") from None
    try:
        done = subprocess.run(
            [sys.executable, "-c", ATTEMPT, address],
            capture_output=True,
            text=True,
            timeout=RAY_ANSWERS,
            check=False,
        )
    except subprocess.TimeoutExpired:
        raise InputError(f"`ray` {address}: no Ray answers within {RAY_ANSWERS:.0f} s; {_START}") from None
    if done.returncode:
        lines = done.stderr.strip().splitlines() or ["it ends without a word"]
        raise InputError(f"`ray` {address}: {lines[-1][:300]}; {_START}")


class Lost(Exception):
    """What a worker was asked will not be answered: it has died, or takes too long."""


def received(answer: Any, seconds: float | None = None) -> Any:
    """Wait for the answer of a worker.

    Raises
    ------
    InputError
        As it was raised there.
    Lost
        If it will not come, or not in time.
    """
    import ray
    from ray.exceptions import GetTimeoutError, RayError, RayTaskError

    try:
        return ray.get(answer, timeout=seconds)
    except RayTaskError as error:
        if isinstance(error.cause, InputError):
            raise error.cause from None
        raise
    except GetTimeoutError:
        raise Lost("no answer in time") from None
    except RayError as error:
        # Of a worker that could not be made, the last line is what was raised there.
        lines = str(error).strip().splitlines() or [""]
        raise Lost(f"{type(error).__name__}: {lines[-1][:200]}") from None


_START = "start it with ray start, on this machine too, or give local"


@runtime_checkable
class Fetched(Protocol):
    """A mapping or sequence whose content lies on other machines: it is asked for many items at once."""

    def fetch(self, keys: Iterable[Any]) -> Any:
        """What the keys stand for, by key; what is not there is left out."""


def fetched(content: Content, keys: Iterable[Any]) -> Content:
    """The content itself, or, if it lies on other machines, what of it belongs to the keys."""
    return content.fetch(keys) if isinstance(content, Fetched) else content
