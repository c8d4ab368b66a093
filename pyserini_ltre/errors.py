"""What a person can mend: bad input, a training that diverged, a full disk; and how commands report it."""

import errno
import functools
import io
import os
import re
import signal
import sys
import threading
import warnings
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from types import FrameType
from typing import NoReturn, ParamSpec, TypeVar

# A path of 4096 bytes is the system's limit; nobody reads a line of that.
LONGEST = 1500
# What a terminal obeys, what turns the direction of writing, other ends of lines, and halves of characters.
CONTROL = re.compile("[\x00-\x1f\x7f-\x9f\u061c\u200e\u200f\u2028-\u202e\u2066-\u2069\ufeff\ud800-\udfff]")

P = ParamSpec("P")
R = TypeVar("R")


def visible(text: object) -> str:
    """Write control characters as escapes, so that a terminal shows them and obeys none: for what is printed from data.

    In a JSON text the escapes are JSON's.
    """
    return CONTROL.sub(lambda found: _escape(found[0]), str(text))


def visible_lines(text: object) -> str:
    """Do so in each line, and column, of a table or a longer text."""
    return re.sub(r"[^\n\t]+", lambda part: visible(part[0]), str(text))


def _escape(character: str) -> str:
    return ascii(character)[1:-1] if character < " " else f"\\u{ord(character):04x}"


class InputError(ValueError):
    """What the user gave cannot be used.

    The message is one line: what is wrong, where (file and line number if there is one), and how to mend it.
    Errors that we cannot explain are never turned into this one: they keep their traceback.

    A message names parameters as Python does, between backticks. A command has a flag of the same name for each
    parameter, and `exit_with` names that instead: ``hits` 0: choose 1 or more`` becomes ``--hits 0: ...``.

    Parameters
    ----------
    message : str
        The line. What it quotes may hold anything: control characters are made visible, and of what is too long for a
        line the beginning and the end remain.
    """

    def __init__(self, message: str) -> None:
        line = visible(message)
        super().__init__(
            line if len(line) <= LONGEST else f"{line[: LONGEST // 2]} ... {line[-LONGEST // 2 :]}"
        )


def remark(message: str, category: type[Warning] = UserWarning) -> None:
    """Warn in one line."""
    # A file name that does not exist keeps Python from printing a second line, the source.
    warnings.warn_explicit(visible(message), category, filename="pyserini_ltre", lineno=1)


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
# FAISS, safetensors, torch and datasets of a full disk; torch does not say why it cannot write.
FULL = (
    os.strerror(errno.ENOSPC),
    "os error 28",
    "PytorchStreamWriter failed writing",
    "Not enough disk space",
)
# As a shell counts: 128 and the number of the signal.
INTERRUPTED, PIPE_CLOSED, TERMINATED = 130, 141, 143


PARAMETER = re.compile(r"`([a-z][a-z_]*)`")


def exit_with(error: InputError | DivergenceError) -> NoReturn:
    """Print the line of an error on standard error, flags in place of parameters, and exit with status 2."""
    line = PARAMETER.sub(lambda name: "--" + name[1].replace("_", "-"), str(error))
    print(f"pyserini_ltre: {visible(line)}", file=sys.stderr)
    raise SystemExit(2) from None


def exit_on_input_error(command: Callable[P, R]) -> Callable[P, R]:
    """Decorate a command's ``main``: what a person can mend becomes one line and exit status 2, no traceback.

    Whoever interrupts or ends it, or closes the pipe that it prints into, gets the usual exit status; what was being
    written is removed.
    """

    @functools.wraps(command)
    def guarded(*args: P.args, **kwargs: P.kwargs) -> R:
        try:
            _print_anything()
            with _ended_politely(), system_explained():
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

    return guarded


@contextmanager
def system_explained() -> Iterator[None]:
    """Turn what the operating system says in a block, if a person can mend it, into an `InputError`."""
    try:
        yield
    except (InputError, DivergenceError):
        raise
    except Exception as error:
        number = system_error(error)
        if number not in REMEDIES:
            raise
        named = getattr(error, "filename", None)
        raise InputError(f"{f'{named}: ' if named else ''}{REMEDIES[number]}") from None


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


def system_error(error: BaseException) -> int | None:
    """What the operating system said, if an error is of its making; libraries quote it, or name it as their cause."""
    if isinstance(error, OSError) and error.errno is not None:
        return error.errno
    if any(sign in str(error) for sign in FULL):
        return errno.ENOSPC
    return None if error.__cause__ is None else system_error(error.__cause__)


def _print_anything() -> None:
    """Have characters that the terminal cannot show, or that no text may hold, printed as their codes."""
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper) and stream.errors == "strict":
            stream.reconfigure(errors="backslashreplace")


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
