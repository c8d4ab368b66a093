"""``import pyserini_ltre``: costs nothing, and gives what a notebook needs."""

import ast
import subprocess
import sys
from pathlib import Path

import pytest

import pyserini_ltre


def test_every_public_name_is_there_lazily_and_for_type_checkers():
    for name in pyserini_ltre.__all__:
        assert getattr(pyserini_ltre, name) is not None
    assert set(pyserini_ltre.__all__) <= set(dir(pyserini_ltre))
    with pytest.raises(AttributeError, match="no attribute 'nothing'"):
        pyserini_ltre.nothing  # noqa: B018
    tree = ast.parse(Path(pyserini_ltre.__file__).read_text(encoding="utf-8"))
    checked = next(node for node in tree.body if isinstance(node, ast.If))
    seen = {alias.name: node.module for node in checked.body for alias in node.names}
    assert seen == {name: f"pyserini_ltre.{place}" for name, place in pyserini_ltre._PLACE_OF.items()}
    assert {*seen, "__version__"} == set(pyserini_ltre.__all__)


def test_importing_imports_nothing_else():
    code = "import sys; before = set(sys.modules); import pyserini_ltre; print(*(set(sys.modules) - before))"
    done = subprocess.run(
        [sys.executable, "-S", "-c", code],
        capture_output=True,
        text=True,
        check=True,
        cwd=Path(pyserini_ltre.__file__).parents[1],
    )
    new = done.stdout.split()
    assert [name for name in new if name.startswith("pyserini")] == ["pyserini_ltre"]
    assert not {"torch", "numpy", "faiss", "importlib.metadata"} & set(new)
