"""`python -m pyserini.2cr.ltre`: our reproductions beside Pyserini's own."""

from collections.abc import Iterator
from pathlib import Path
from types import ModuleType


def with_ltre(module: ModuleType) -> Iterator[None]:
    """Let `pyserini.2cr` find the module `ltre`; its own modules are found first."""
    yield
    module.__path__.append(str(Path(__file__).with_name("two_click")))
