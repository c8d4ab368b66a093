"""Options declared once: a dataclass holds name, type, choices, limits, default and help; commands are made from it."""

import dataclasses
import math
import types
from collections.abc import Sequence
from dataclasses import dataclass
from typing import (
    Annotated,
    Any,
    Literal,
    NoReturn,
    TypeVar,
    Union,
    dataclass_transform,
    get_args,
    get_origin,
    get_type_hints,
)

from pyserini_ltre.errors import InputError

C = TypeVar("C", bound=type)


@dataclass(frozen=True)
class AtLeast:
    """A number that is not below a limit."""

    limit: float

    def __str__(self) -> str:
        return f"a number of {self.limit:g} or more"

    def allows(self, value: float) -> bool:
        """Whether a value is within the limit."""
        return value >= self.limit


@dataclass(frozen=True)
class AtMost(AtLeast):
    """A number that is not above a limit."""

    def __str__(self) -> str:
        return f"{self.limit:g} or less"

    def allows(self, value: float) -> bool:
        """Whether a value is within the limit."""
        return value <= self.limit


@dataclass(frozen=True)
class Above(AtLeast):
    """A number above a limit."""

    def __str__(self) -> str:
        return f"a number above {self.limit:g}"

    def allows(self, value: float) -> bool:
        """Whether a value is within the limit."""
        return value > self.limit


Count = Annotated[int, AtLeast(1)]
Positive = Annotated[float, Above(0)]
Fraction = Annotated[float, AtLeast(0), AtMost(1)]
NotNegative = Annotated[float, AtLeast(0)]
NotNegativeCount = Annotated[int, AtLeast(0)]


def option(help: str, *, default: Any = dataclasses.MISSING, **settings: Any) -> Any:
    """Declare an option of a group.

    Parameters
    ----------
    help : str
        What it is, with its unit; commands add the default.
    default : object
        Its value unless the user says otherwise; left out, the option must be given. A list is copied.
    **settings
        ``aliases`` of its flag, and whatever else `argparse.ArgumentParser.add_argument` takes.
    """
    metadata = {"help": help, **settings}
    if isinstance(default, list):
        return dataclasses.field(default_factory=default.copy, metadata=metadata)
    return dataclasses.field(default=default, metadata=metadata)


@dataclass_transform(frozen_default=True, kw_only_default=True, field_specifiers=(option,))
def option_group(group: C) -> C:
    """Make a class a frozen dataclass of options: keywords only, checked whenever one is made, and documented.

    Raises
    ------
    InputError
        When an instance is made with a value of the wrong type, out of its limits, or not among its choices.
    """
    group.__post_init__ = _check  # type: ignore[attr-defined]
    made: C = dataclass(frozen=True, kw_only=True)(group)  # type: ignore[assignment]
    lines = [
        line
        for field in dataclasses.fields(made)
        for line in (f"    {field.name}", f"        {field.metadata.get('help', '')}")
    ]
    made.__doc__ = "\n".join(
        [f"{(group.__dict__.get('__doc__') or '').rstrip()}\n", "    Attributes", "    ----------", *lines]
    )
    return made


def _check(group: Any) -> None:
    for name, kind in get_type_hints(type(group), include_extras=True).items():
        value = getattr(group, name)
        kinds = get_args(kind) if get_origin(kind) in (types.UnionType, Union) else (kind,)
        if value is not None or type(None) not in kinds:
            check_value(name, value, kinds[0])


def check_value(name: str, value: Any, kind: Any) -> None:
    """Refuse a value that is not of a kind: one of a Literal's choices, or a number within its limits.

    Raises
    ------
    InputError
        Names the parameter, and its choices or limits.
    """
    limits = kind.__metadata__ if get_origin(kind) is Annotated else ()
    kind = get_args(kind)[0] if limits else kind
    if get_origin(kind) is Literal:
        if value not in get_args(kind):
            raise InputError(f"`{name}` {value}: use one of {', '.join(map(str, get_args(kind)))}")
    elif kind in (int, float):
        known = isinstance(value, int if kind is int else int | float) and not isinstance(value, bool)
        if not known or not math.isfinite(value) or not all(limit.allows(value) for limit in limits):
            wanted = " and ".join(map(str, limits)) or "a number"
            whole = wanted.replace("a number", "a whole number") if kind is int else wanted
            raise InputError(f"`{name}` {value}: choose {whole}")


def parse_options(
    command: str, description: str | None, groups: Sequence[Any], argv: Sequence[str] | None
) -> tuple[Any, ...]:
    """Read a command line that is made from groups of options.

    Parameters
    ----------
    command : str
        As it is typed after ``python -m``.
    description : str, optional
        What it does, above the options in ``--help``.
    groups : sequence of type
        Classes made by `option_group`.
    argv : sequence of str, optional
        The arguments; by default those of the process.

    Returns
    -------
    tuple
        An instance of each group.
    """
    from argparse import ArgumentDefaultsHelpFormatter, RawDescriptionHelpFormatter

    from transformers import HfArgumentParser

    class Formatter(ArgumentDefaultsHelpFormatter, RawDescriptionHelpFormatter):
        """Defaults behind each help, the description in its own lines."""

    class Parser(HfArgumentParser):
        """Bad options are bad input: one line, as everything else that a person can mend."""

        def error(self, message: str) -> NoReturn:
            raise InputError(f"{message}; {self.prog} --help lists the options")

    parser = Parser(
        tuple(groups),
        prog=f"python -m {command}",
        description=description,
        formatter_class=Formatter,
    )
    *options, unknown = parser.parse_args_into_dataclasses(
        argv, return_remaining_strings=True, look_for_args_file=False
    )
    if unknown:
        parser.error(f"unrecognized arguments: {' '.join(unknown)}")
    return tuple(options)
