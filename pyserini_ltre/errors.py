"""The one exception for input that a person can mend, and how commands report it."""

import functools
import sys
from collections.abc import Callable
from typing import NoReturn, ParamSpec, TypeVar

P = ParamSpec("P")
R = TypeVar("R")


class InputError(ValueError):
    """What the user gave cannot be used.

    The message is one line: what is wrong, where (file and line number if there is one), and how to mend it.
    Errors that we cannot explain are never turned into this one: they keep their traceback.
    """


def exit_with(error: InputError) -> NoReturn:
    """Print the line of an `InputError` on standard error and exit with status 2."""
    print(f"pyserini_ltre: {error}", file=sys.stderr)
    raise SystemExit(2) from None


def exit_on_input_error(command: Callable[P, R]) -> Callable[P, R]:
    """Decorate a command's ``main``: an `InputError` becomes one line and exit status 2, no traceback."""

    @functools.wraps(command)
    def guarded(*args: P.args, **kwargs: P.kwargs) -> R:
        try:
            return command(*args, **kwargs)
        except InputError as error:
            exit_with(error)

    return guarded
