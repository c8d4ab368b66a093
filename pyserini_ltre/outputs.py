"""What a command may write to: checked before any work is done, against all that it reads."""

import os
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path

from pyserini_ltre.errors import InputError
from pyserini_ltre.files import expanded, is_stream

# Options whose values are words, even where a file of that name exists.
WORDS = frozenset(
    "command description device factory format kinds lr_scheduler_type measure measures method missing normalise "
    "optimizer pooling precision ray_device register search_backend tag task to trainable".split()
)


def check_outputs(
    given: Mapping[str, object], outputs: Sequence[str] = ("output",), overwrite: bool = False
) -> None:
    """Refuse outputs that would destroy what is read, or, without `overwrite`, what is there.

    Parameters
    ----------
    given : mapping of str to object
        All options of a command by name. Whatever names something that exists, and is no output, is taken to be read.
    outputs : sequence of str
        The options that name what is written: files or directories.
    overwrite : bool
        Whether what is there already may be replaced.

    Raises
    ------
    InputError
        If an output is empty, a link to nothing, there already, the same as another output, or is, holds or lies in
        something that is read.
    """
    places = {name: _place(name, given[name]) for name in outputs if given.get(name) is not None}
    words = {*WORDS, *outputs}
    read = [path for name, value in given.items() if name not in words for path in _existing(value)]
    for name, place in places.items():
        if is_stream(place):
            continue
        written = [path for other, path in places.items() if other != name]
        for what, path in (*(("read", path) for path in read), *(("written", path) for path in written)):
            relation = _relation(place, path)
            if relation is not None:
                raise InputError(
                    f"`{name}` {given[name]}: {relation} {path}, which is {what}; name another place"
                )
        if place.is_file() and not overwrite:
            raise InputError(f"`{name}` {given[name]}: exists already; name another, or add `overwrite`")
        _check_writable(name, place)


def _place(name: str, value: object) -> Path:
    """Where an output ends up, links followed."""
    if not str(value):
        raise InputError(f"`{name}` is empty; name what to write")
    path = expanded(str(value))
    if path.is_symlink() and not path.exists():
        raise InputError(f"`{name}` {value}: a link to {os.readlink(path)}, which is not there; name another")
    return path.resolve()


def _existing(value: object) -> Iterator[Path]:
    """The files and directories that the value of an option names."""
    for part in value if isinstance(value, list | tuple) else [value]:
        if isinstance(part, str | os.PathLike):
            # Encoders are given as ltre:PATH and star:PATH, too.
            for path in (str(part), str(part).partition(":")[2]):
                if path and os.path.lexists(expanded(path)):
                    yield expanded(path).resolve()


def _relation(place: Path, other: Path) -> str | None:
    """How an output would get in the way of something else; None if it would not."""
    if place == other or (place.exists() and other.exists() and place.samefile(other)):
        return "is the same as"
    if other.is_relative_to(place):
        return "holds"
    if place.is_relative_to(other):
        return "lies in"
    return None


def _check_writable(name: str, place: Path) -> None:
    """Refuse a place that nothing can be written to, rather than after the work."""
    folder = next(parent for parent in place.parents if parent.is_dir())
    if not os.access(folder, os.W_OK | os.X_OK):
        raise InputError(f"`{name}` {place}: {folder} cannot be written to; name another place")
