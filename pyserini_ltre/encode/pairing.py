"""A warning when an encoder searches another index than the one that it was trained for."""

import os
from pathlib import Path
from typing import TYPE_CHECKING

from pyserini_ltre.errors import InputError, remark
from pyserini_ltre.json_files import read_json
from pyserini_ltre.registry import paired_index

if TYPE_CHECKING:
    from pyserini_ltre.index.directory import IndexDirectory


def warn_of_another_index(directory: "IndexDirectory", model: Path) -> None:
    """Warn, in one line, if an index is not the one that an encoder belongs to.

    Its fingerprint decides, computed once when the index is loaded. A copy in another form, such as a compressed
    one, fits as well: its ``encoder.json`` says that the same encoder made it of the same documents.

    Parameters
    ----------
    directory : IndexDirectory
        The index that is about to be searched.
    model : Path
        Directory of the query encoder; nothing happens if it names no index.
    """
    problem = another_index(directory, model)
    if problem is not None:
        remark(problem)


def another_index(directory: "IndexDirectory", model: Path) -> str | None:
    """What is wrong if an index is not the one that an encoder belongs to; parameters as for `warn_of_another_index`.

    Returns
    -------
    str or None
        The line of the warning; None if there is nothing to warn of.
    """
    paired = paired_index(model)
    if paired is None:
        return None
    same_place = os.path.realpath(paired.path) == os.path.realpath(directory.path)
    if same_place if paired.fingerprint is None else paired.fingerprint == directory.fingerprint:
        return None
    if same_place:
        return f"{directory.path} has changed since encoder {model} was trained for it: train again"
    if _of_the_same_vectors(directory, paired.path):
        return None
    return (
        f"encoder {model} was trained for index {paired.name}, not for {directory.path}: the scores may mean "
        f"nothing; search with --index {paired.name}, or train for this index"
    )


# What computed the vectors changes their last digits only.
_COMPUTED = ("backend", "precision")


def _of_the_same_vectors(directory: "IndexDirectory", other: Path) -> bool:
    try:
        record = directory.record
        if record is None:
            return False
        # A sharded index has it in its manifest.
        told = read_json(other / "encoder.json") or read_json(other / "manifest.json").get("encoder")
        return isinstance(told, dict) and _made(told) == _made(record.content())
    except (OSError, InputError):
        return False


def _made(record: dict[str, object]) -> dict[str, object]:
    return {name: value for name, value in record.items() if name not in _COMPUTED}
