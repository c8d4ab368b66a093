"""The real ids of rows: DRhard counts queries and documents from 0 and keeps their ids in files of their own."""

import os
from pathlib import Path

import numpy as np

from pyserini_ltre.collection.lines import checked_id, numbered_lines
from pyserini_ltre.convert.number_pickle import read_number_dictionary
from pyserini_ltre.errors import InputError

PICKLES = (".pickle", ".pkl")
MEMMAP = ".memmap"


def read_ids(path: str | os.PathLike, prefix: str = "") -> list[str]:
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
    numbers: list[int | None] = [None] * len(row_of)
    for number, row in row_of.items():
        if not 0 <= row < len(numbers):
            raise InputError(
                f"{path}: {number} is at offset {row}, but there are {len(numbers)} ids, so offsets end at "
                f"{len(numbers) - 1}; take the complete file"
            )
        if numbers[row] is not None:
            raise InputError(
                f"{path}: {numbers[row]} and {number} are both at offset {row}; make the file again"
            )
        numbers[row] = number
    return numbers
