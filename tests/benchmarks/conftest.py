"""The benchmarks are scripts in a folder of their own, not a package."""

from pathlib import Path

import faiss
import pytest
import torch


@pytest.fixture(autouse=True, scope="session")
def benchmark_modules():
    """Let tests import the scripts' modules as the scripts do."""
    with pytest.MonkeyPatch.context() as patch:
        patch.syspath_prepend(str(Path(__file__).parents[2] / "benchmarks"))
        yield


@pytest.fixture(autouse=True)
def threads_put_back():
    """A benchmark takes every core and, being a process of its own, does not give them back; a test has to."""
    before = torch.get_num_threads(), faiss.omp_get_max_threads()
    yield
    torch.set_num_threads(before[0])
    faiss.omp_set_num_threads(before[1])
