"""What the machine is, what it can do at most, and what a process takes of it."""

import os
import platform
import time
from collections.abc import Callable
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path

PACKAGES = (
    "torch",
    "faiss-cpu",
    "numpy",
    "transformers",
    "sentence-transformers",
    "pyserini",
    "pyserini-ltre",
)
# Bytes read to measure the memory's bandwidth: far more than any cache holds.
BANDWIDTH_BYTES = 2**30
# Side of the matrices multiplied to measure arithmetic.
SIDE = 4096


def use_threads(threads: int | None = None) -> int:
    """Give torch and FAISS the same number of threads, by default one for each core that this process may use."""
    import faiss
    import torch

    threads = threads or len(os.sched_getaffinity(0))
    torch.set_num_threads(threads)
    faiss.omp_set_num_threads(threads)
    return threads


def describe_machine(device: str = "cpu") -> dict[str, object]:
    """Processor, memory, device, versions, threads, and how busy the machine was when asked."""
    import faiss
    import torch

    processor = next(
        (line.split(":")[1].strip() for line in _lines("/proc/cpuinfo") if line.startswith("model name")),
        platform.processor(),
    )
    half = [name for name in ("avx512_bf16", "amx_bf16") if torch.cpu.get_capabilities().get(name)]
    description = {
        "processor": processor,
        "cores": len(os.sched_getaffinity(0)),
        "memory_gb": round(_kilobytes("/proc/meminfo", "MemTotal") / 1e6, 1),
        "bf16_instructions": half,
        "device": torch.cuda.get_device_name() if device == "cuda" else "cpu",
        "python": platform.python_version(),
        "versions": {name: _version(name) for name in PACKAGES},
        "threads": {"torch": torch.get_num_threads(), "faiss": faiss.omp_get_max_threads()},
        "omp_wait_policy": os.environ.get("OMP_WAIT_POLICY"),
        "load_average": round(os.getloadavg()[0], 2),
    }
    return description


def limits(device: str = "cpu", quick: bool = False) -> dict[str, float]:
    """Measure the most that the machine can do: gigabytes read and billions of operations a second.

    Returns
    -------
    dict of str to float
        ``memory_gb_s``, ``fp32_gflop_s`` and ``bf16_gflop_s``: the best of a few tries, as a limit should be.
    """
    import torch

    numbers = torch.ones((BANDWIDTH_BYTES >> (3 if quick else 0)) // 4, device=device)
    found = {"memory_gb_s": numbers.nbytes / _best(numbers.sum, device) / 1e9}
    side = SIDE // (2 if quick else 1)
    for name, dtype in (("fp32", torch.float32), ("bf16", torch.bfloat16)):
        left, right = (torch.randn(side, side, device=device).to(dtype) for _ in range(2))
        found[f"{name}_gflop_s"] = 2 * side**3 / _best(lambda a=left, b=right: a @ b, device) / 1e9
    return {name: round(value, 1) for name, value in found.items()}


def process_memory() -> dict[str, float]:
    """Gigabytes of this process: ``anonymous`` (its own), ``mapped`` (pages of files) and ``peak`` (of both)."""
    names = {"anonymous": "RssAnon", "mapped": "RssFile", "peak": "VmHWM"}
    return {name: round(_kilobytes("/proc/self/status", field) / 1e6, 3) for name, field in names.items()}


def synchronise(device: str) -> None:
    """Wait until the device has done all that was asked of it."""
    if device == "cuda":
        import torch

        torch.cuda.synchronize()


def _best(work: Callable[[], object], device: str, tries: int = 4) -> float:
    seconds = []
    for _ in range(tries):
        start = time.perf_counter()
        work()
        synchronise(device)
        seconds.append(time.perf_counter() - start)
    return min(seconds[1:])


def _lines(path: str) -> list[str]:
    return Path(path).read_text().splitlines() if Path(path).exists() else []


def _kilobytes(path: str, field: str) -> int:
    return next((int(line.split()[1]) for line in _lines(path) if line.startswith(f"{field}:")), 0)


def _version(package: str) -> str | None:
    try:
        return version(package)
    except PackageNotFoundError:
        return None
