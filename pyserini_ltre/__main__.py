"""Run a Pyserini command with our names in it, where the start-up file is not read.

`python -m pyserini_ltre pyserini.search.faiss ...` does what `python -m pyserini.search.faiss ...` does after
an ordinary installation. It is for `python -S`, `pip install --target` and frozen programs.
"""

import importlib.util
import runpy
import sys
from pathlib import Path

from pyserini_ltre.errors import InputError, exit_on_input_error
from pyserini_ltre.plugin import hook


@exit_on_input_error
def main() -> None:
    """Run the command that the first argument names, with the other arguments."""
    if len(sys.argv) < 2 or sys.argv[1] in ("-h", "--help"):
        print(usage())
        return
    hook.install()
    name = command_module(sys.argv[1])
    sys.argv = sys.argv[1:]
    runpy.run_module(name, run_name="__main__", alter_sys=True)


def command_module(name: str) -> str:
    """Find the module of a Pyserini command.

    Parameters
    ----------
    name : str
        As after ``python -m``, with or without the leading ``pyserini.``.

    Returns
    -------
    str
        Full name of a module that can be run.

    Raises
    ------
    InputError
        If there is no such command.
    """
    full_name = name if name.startswith("pyserini.") else f"pyserini.{name}"
    try:
        spec = importlib.util.find_spec(full_name)
        if spec is not None and spec.submodule_search_locations is not None:
            spec = importlib.util.find_spec(f"{full_name}.__main__")
    except ModuleNotFoundError:
        spec = None
    if spec is None:
        raise InputError(f"{name} is no command of Pyserini; one is, for example, pyserini.search.faiss")
    return full_name


def usage() -> str:
    """Describe this command and name our own ones."""
    folders = sorted(file.parent.name for file in Path(__file__).parent.glob("*/__main__.py"))
    return "\n".join(
        [
            "usage: python -m pyserini_ltre PYSERINI-COMMAND [argument ...]",
            "Runs a command of Pyserini (say, pyserini.search.faiss) with our names in it. Needed only",
            "where the package's start-up file is not read; otherwise use python -m pyserini.search.faiss.",
            "Commands of pyserini_ltre itself:",
            *(f"  python -m pyserini_ltre.{folder}" for folder in folders),
        ]
    )


if __name__ == "__main__":
    main()
