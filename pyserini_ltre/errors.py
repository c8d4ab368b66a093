"""What a person can mend: bad input, a training that diverged; and how commands report it."""

import functools
import re
import sys
from collections.abc import Callable
from typing import NoReturn, ParamSpec, TypeVar

P = ParamSpec("P")
R = TypeVar("R")


class InputError(ValueError):
    """What the user gave cannot be used.

    The message is one line: what is wrong, where (file and line number if there is one), and how to mend it.
    Errors that we cannot explain are never turned into this one: they keep their traceback.

    A message names parameters as Python does, between backticks. A command has a flag of the same name for each
    parameter, and `exit_with` names that instead: ``hits` 0: choose 1 or more`` becomes ``--hits 0: ...``.
    """


class DivergenceError(ArithmeticError):
    """A loss that is not finite any more: nothing is wrong with the input, but training cannot go on."""


PARAMETER = re.compile(r"`([a-z][a-z_]*)`")


def exit_with(error: InputError | DivergenceError) -> NoReturn:
    """Print the line of an error on standard error, flags in place of parameters, and exit with status 2."""
    line = PARAMETER.sub(lambda name: "--" + name[1].replace("_", "-"), str(error))
    print(f"pyserini_ltre: {line}", file=sys.stderr)
    raise SystemExit(2) from None


def exit_on_input_error(command: Callable[P, R]) -> Callable[P, R]:
    """Decorate a command's ``main``: the errors of this module become one line and exit status 2, no traceback."""

    @functools.wraps(command)
    def guarded(*args: P.args, **kwargs: P.kwargs) -> R:
        try:
            return command(*args, **kwargs)
        except (InputError, DivergenceError) as error:
            exit_with(error)

    return guarded
