"""`python -m pyserini_ltre`: the way in where the start-up file is not read."""

import subprocess
import sys

import pytest

from pyserini_ltre.__main__ import command_module, usage
from pyserini_ltre.errors import InputError


def test_usage_names_the_commands():
    assert usage().startswith("usage: python -m pyserini_ltre PYSERINI-COMMAND")
    assert "python -m pyserini_ltre.train" in usage()


def test_leading_pyserini_may_be_left_out():
    assert command_module("pyserini.fusion") == command_module("fusion") == "pyserini.fusion"


def test_unknown_command():
    with pytest.raises(InputError, match="nonsense is no command of Pyserini"):
        command_module("nonsense")


def test_runs_pyserinis_command(tmp_path):
    for name, document in (("a", "d1"), ("b", "d2")):
        (tmp_path / name).write_text(f"q1 Q0 {document} 1 1.0 {name}\n")
    command = [
        sys.executable,
        "-m",
        "pyserini_ltre",
        "fusion",
        "--method",
        "rrf",
        "--output",
        tmp_path / "fused",
    ]
    done = subprocess.run(
        [*command, "--runs", tmp_path / "a", tmp_path / "b"], capture_output=True, timeout=60
    )
    assert done.returncode == 0, done.stderr
    assert [line.split()[2] for line in (tmp_path / "fused").read_text().splitlines()] == ["d1", "d2"]


def test_without_arguments_and_with_a_wrong_one():
    command = [sys.executable, "-m", "pyserini_ltre"]
    done = subprocess.run(command, capture_output=True, text=True, timeout=60)
    assert (done.returncode, done.stderr) == (0, "") and done.stdout.startswith("usage: ")
    done = subprocess.run([*command, "nonsense"], capture_output=True, text=True, timeout=60)
    assert done.returncode == 2 and done.stdout == ""
    assert done.stderr.count("\n") == 1 and done.stderr.startswith("pyserini_ltre: nonsense")
