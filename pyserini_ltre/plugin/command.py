"""Bad input inside an unmodified Pyserini command: one line and exit status 2, as in our own commands."""

import sys
from collections.abc import Iterator
from contextlib import contextmanager

from pyserini_ltre.errors import InputError, exit_with, system_explained


def is_pyserini_command() -> bool:
    """Tell whether this process is `python -m pyserini....`, and not a program, notebook or server.

    Returns
    -------
    bool
        False for Pyserini's servers, which must outlive a request that cannot be answered.
    """
    name = command_name()
    # `python -m pyserini_ltre` is about to become the command of Pyserini that it was asked for.
    return name.startswith(("pyserini.", "pyserini_ltre.__main__")) and not name.startswith(
        "pyserini.server."
    )


@contextmanager
def one_line_in_commands() -> Iterator[None]:
    """Turn what a person can mend in the block into the end of the command; programs get the `InputError`."""
    try:
        with system_explained():
            yield
    except InputError as error:
        if is_pyserini_command():
            exit_with(error)
        raise


def command_name() -> str:
    """Name the module that runs as a command.

    Returns
    -------
    str
        Such as ``pyserini.search.faiss.__main__``; empty where Python runs something else.
    """
    spec = getattr(sys.modules.get("__main__"), "__spec__", None)
    if spec is not None:
        return spec.name
    # The packages around a command are imported before it is `__main__`; until then, argv begins with "-m".
    if sys.argv[:1] == ["-m"]:
        return sys.orig_argv[-len(sys.argv)].removeprefix("-m")
    return ""
