"""The real ids of rows: DRhard counts queries and documents from 0 and keeps their ids in files of their own.

Some are pickles, which are programs: one may call whatever it can name. Those of DRhard name two functions of numpy, as
their keys are numpy integers. Here nothing is looked up: these two names stand for integers read from their bytes, and
any other name is refused.
"""

import io
import os
import pickle
import reprlib
from pathlib import Path
from typing import Literal

import numpy as np

from pyserini_ltre.collection.lines import checked_id, numbered_lines
from pyserini_ltre.convert.pickle_scan import first_fault
from pyserini_ltre.errors import InputError, reason

PICKLES = (".pickle", ".pkl")
MEMMAP = ".memmap"


def read_ids(path: str | os.PathLike[str], prefix: str = "") -> list[str]:
    """Read the ids of rows.

    Parameters
    ----------
    path : path
        DRhard's ``pid2offset.pickle`` or ``qid2offset.pickle`` (a dictionary from ids to rows), an ``.memmap`` of
        int32 as it writes beside its embeddings (an id a row), or a text file (an id a line).
    prefix : str
        Put before each number of a pickle or memmap: DRhard takes the D off MS MARCO's document ids.

    Returns
    -------
    list of str
        An id a row.

    Raises
    ------
    InputError
        If the file cannot be read, the rows of a pickle are not 0 to N - 1, each once, or a pickle holds anything but
        numbers.
    """
    path = Path(path)
    if not path.is_file():
        raise InputError(f"{path}: no such file; name the file with the ids")
    if path.suffix in PICKLES:
        return [f"{prefix}{number}" for number in _by_row(read_number_dictionary(path), path)]
    if path.suffix == MEMMAP:
        if path.stat().st_size % 4 or not path.stat().st_size:
            raise InputError(
                f"{path}: {path.stat().st_size} bytes are no whole number of int32; name the memmap with the ids"
            )
        return [f"{prefix}{number}" for number in np.fromfile(path, "<i4").tolist()]
    return [checked_id(line, f"{path}:{number}") for number, line in numbered_lines(path)]


def _by_row(row_of: dict[int, int], path: Path) -> list[int]:
    """Turn a dictionary from numbers to rows around."""
    number_at: dict[int, int] = {}
    for number, row in row_of.items():
        if not 0 <= row < len(row_of):
            raise InputError(
                f"{path}: {number} is at offset {row}, but there are {len(row_of)} ids, so offsets end at "
                f"{len(row_of) - 1}; take the complete file"
            )
        if row in number_at:
            raise InputError(
                f"{path}: {number_at[row]} and {number} are both at offset {row}; make the file again"
            )
        number_at[row] = number
    return [number_at[row] for row in range(len(row_of))]


def read_number_dictionary(path: str | os.PathLike[str]) -> dict[int, int]:
    """Read a pickled dictionary of whole numbers, Python's or, in protocol 3 or later, numpy's.

    Raises
    ------
    InputError
        If it cannot be read, holds anything else, or names a function or class (the message says which).
    """
    try:
        written = Path(path).read_bytes()
        fault = first_fault(written)
        if fault is not None:
            raise InputError(
                f"{path}: not a pickled dictionary of numbers (byte {fault} and what follows); make it again"
            )
        content = _NumberUnpickler(io.BytesIO(written), encoding="bytes").load()
    except _RefusedName as refused:
        raise InputError(
            f"{path}: names {refused}, which loading it would run; only plain dictionaries of numbers are read"
        ) from None
    except OSError as error:
        raise InputError(f"{path}: cannot be read ({error.strerror}); check the path") from None
    except InputError:
        raise
    except Exception as error:  # a damaged pickle raises nearly any error
        raise InputError(
            f"{path}: not a pickled dictionary of numbers ({reason(error)}); make it again"
        ) from None
    if type(content) is not dict:
        raise InputError(f"{path}: holds a {type(content).__name__}; only a dictionary of numbers is read")
    for pair in content.items():
        # Only what fits into 8 bytes can be printed in reasonable time.
        if any(type(number) is not int or number.bit_length() > 64 for number in pair):
            raise InputError(
                f"{path}: entry {reprlib.repr(pair)[:80]} is not two whole numbers; only a dictionary of numbers is "
                "read"
            )
    return content


class _RefusedName(Exception):
    """The pickle names something; the message is the name."""


class _IntegerType:
    """Stands for a numpy integer type: its size, sign and byte order, and nothing that runs."""

    __slots__ = ("order", "signed", "size")

    def __init__(self, code: bytes | str) -> None:
        code = code.decode("ascii", "replace") if isinstance(code, bytes) else str(code)
        if code not in ("i1", "i2", "i4", "i8", "u1", "u2", "u4", "u8"):
            raise _RefusedName(f"the number type {code[:20]}")
        self.signed, self.size = code[0] == "i", int(code[1])
        self.order: Literal["little", "big"] = "little"

    def __setstate__(self, state: tuple) -> None:
        # A tuple in it could hold others without end, and go on to be a key.
        if any(type(part) is tuple for part in state):
            raise _RefusedName("a state for numpy.dtype")
        self.order = "big" if state[1] in (">", b">") else "little"


class _MakeIntegerType:
    """Stands for ``numpy.dtype``."""

    __slots__ = ()

    def __call__(self, code: bytes | str, *unused: object) -> _IntegerType:
        if any(type(part) is tuple for part in unused):
            raise _RefusedName("an argument for numpy.dtype")
        return _IntegerType(code)

    def __setstate__(self, state: object) -> None:
        raise _RefusedName("a state for numpy.dtype")


class _MakeInteger:
    """Stands for ``numpy.core.multiarray.scalar``."""

    __slots__ = ()

    def __call__(self, kind: _IntegerType, raw: bytes) -> int:
        if type(kind) is not _IntegerType or type(raw) is not bytes or len(raw) != kind.size:
            raise _RefusedName("a numpy number that is not one integer")
        return int.from_bytes(raw, kind.order, signed=kind.signed)

    def __setstate__(self, state: object) -> None:
        raise _RefusedName("a state for numpy.core.multiarray.scalar")


class _NumberUnpickler(pickle.Unpickler):
    """An unpickler for which no name means anything but integers."""

    def find_class(self, module: str, name: str) -> object:
        """Give the stand-in for numpy's integers, and refuse every other name."""
        if (module, name) == ("numpy", "dtype"):
            return _MakeIntegerType()
        if module in ("numpy.core.multiarray", "numpy._core.multiarray") and name == "scalar":
            return _MakeInteger()
        raise _RefusedName(f"{module}.{name}")
