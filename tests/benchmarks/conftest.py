"""The benchmarks are scripts in a folder of their own, not a package."""

from pathlib import Path

import pytest


@pytest.fixture(autouse=True, scope="session")
def benchmark_modules():
    """Let tests import the scripts' modules as the scripts do."""
    with pytest.MonkeyPatch.context() as patch:
        patch.syspath_prepend(str(Path(__file__).parents[2] / "benchmarks"))
        yield
