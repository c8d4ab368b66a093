"""What a person can mend: bad input, a training that diverged, a full disk; and how commands report it."""

import errno
import functools
import os
import re
import signal
import sys
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from types import FrameType
from typing import NoReturn, ParamSpec, TypeVar

P = ParamSpec("P")
R = TypeVar("R")


# Characters of a message, which is one line of a terminal.
LONGEST = 1800


class InputError(ValueError):
    """What the user gave cannot be used.

    The message is one line: what is wrong, where (file and line number if there is one), and how to mend it.
    Errors that we cannot explain are never turned into this one: they keep their traceback.

    What it quotes may be anything: characters that would not be printed as they are become escapes, and the middle of
    a message beyond all measure is left out.

    A message names parameters as Python does, between backticks. A command has a flag of the same name for each
    parameter, and `exit_with` names that instead: ``hits` 0: choose 1 or more`` becomes ``--hits 0: ...``.
    """

    def __init__(self, message: str) -> None:
        if not message.isprintable():
            message = "".join(map(_printable, message))
        if len(message) > LONGEST:
            message = f"{message[: LONGEST - 500]} [...] {message[-490:]}"
        super().__init__(message)


class DivergenceError(ArithmeticError):
    """A loss that is not finite any more: nothing is wrong with the input, but training cannot go on."""


# What the operating system says, and what to do about it. Anything else keeps its traceback.
REMEDIES = {
    errno.ENOSPC: "no space left there; free some, and run the same command again",
    errno.EDQUOT: "your share of the disk is used up; free some, and run the same command again",
    errno.EACCES: "no permission; change it, or name another place",
    errno.EPERM: "not allowed; name another place",
    errno.EROFS: "that file system can only be read; name another place",
    errno.ENOTDIR: "a part of this path is a file, not a folder; name another place",
    errno.EISDIR: "this is a folder; name a file",
    errno.ENAMETOOLONG: "the name is too long; choose a shorter one",
    errno.ELOOP: "links that lead in a circle; name another place",
}
# FAISS, safetensors and torch of a full disk; torch does not say why it cannot write.
FULL = (os.strerror(errno.ENOSPC), "os error 28", "PytorchStreamWriter failed writing")
# As a shell counts: 128 and the number of the signal.
INTERRUPTED, PIPE_CLOSED, TERMINATED = 130, 141, 143


PARAMETER = re.compile(r"`([a-z][a-z_]*)`")


def exit_with(error: InputError | DivergenceError) -> NoReturn:
    """Print the line of an error on standard error, flags in place of parameters, and exit with status 2."""
    line = PARAMETER.sub(lambda name: "--" + name[1].replace("_", "-"), str(error))
    print(f"pyserini_ltre: {line}", file=sys.stderr)
    raise SystemExit(2) from None


def exit_on_input_error(command: Callable[P, R]) -> Callable[P, R]:
    """Decorate a command's ``main``: what a person can mend becomes one line and exit status 2, no traceback.

    Whoever interrupts or ends it, or closes the pipe that it prints into, gets the usual exit status; what was being
    written is removed.
    """

    @functools.wraps(command)
    def guarded(*args: P.args, **kwargs: P.kwargs) -> R:
        try:
            with _ended_politely():
                result = command(*args, **kwargs)
                sys.stdout.flush()
                return result
        except (InputError, DivergenceError) as error:
            exit_with(error)
        except BrokenPipeError:
            # Python would try to flush what nobody reads any more, and complain.
            os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
            raise SystemExit(PIPE_CLOSED) from None
        except KeyboardInterrupt:
            print("pyserini_ltre: interrupted", file=sys.stderr)
            raise SystemExit(INTERRUPTED) from None
        except Exception as error:
            number = system_error(error)
            if number not in REMEDIES:
                raise
            named = getattr(error, "filename", None)
            exit_with(InputError(f"{f'{named}: ' if named else ''}{REMEDIES[number]}"))

    return guarded


def reason(error: BaseException) -> str:
    """What a library says of something, in the first of its lines, not too long."""
    text = str(error).strip() or type(error).__name__
    first = text.splitlines()[0] if not isinstance(error, KeyError) else f"{text} is missing"
    return first if len(first) <= 200 else f"{first[:200]}..."


@contextmanager
def blaming(place: object, remedy: str, *damage: type[Exception]) -> Iterator[None]:
    """Turn what a library is known to raise for damaged files into an `InputError`; to be put around one call of it.

    Parameters
    ----------
    place : object
        The file or directory, to begin the message with.
    remedy : str
        Ends the message.
    *damage : type of Exception
        What is turned. Errors of the operating system that `REMEDIES` explains, and those of memory, never are.
    """
    try:
        yield
    except (InputError, MemoryError):
        raise
    except damage as error:
        if isinstance(error, OSError) and error.errno in REMEDIES:
            raise
        raise InputError(f"{place}: {reason(error)}; {remedy}") from None


def _printable(character: str) -> str:
    return character if character.isprintable() else repr(character)[1:-1]


def system_error(error: Exception) -> int | None:
    """What the operating system said, if an error is of its making; libraries written in C and Rust only quote it."""
    if isinstance(error, OSError):
        return error.errno
    if any(sign in str(error) for sign in FULL):
        return errno.ENOSPC
    return None


@contextmanager
def _ended_politely() -> Iterator[None]:
    """Let what is cleaned up at the end of a block be cleaned up when the process is told to end, too."""

    def end(number: int, frame: FrameType | None) -> NoReturn:
        raise SystemExit(TERMINATED)

    if threading.current_thread() is not threading.main_thread():
        yield
        return
    before = signal.signal(signal.SIGTERM, end)
    try:
        yield
    finally:
        signal.signal(signal.SIGTERM, before)
