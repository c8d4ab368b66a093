"""Weights that a checkpoint lacks or has too many: refused, or reported in a warning where that was asked for."""

import warnings
from pathlib import Path

from pyserini_ltre.errors import InputError

# Names in one message; the rest is counted.
NAMED = 20


def report_misfits(
    directory: Path,
    model: str,
    missing: list[str],
    unexpected: list[str],
    wrong_shape: list[str],
    allow_partial: bool,
) -> None:
    """Refuse a checkpoint whose weights are not those of its model, or warn of it.

    Parameters
    ----------
    directory : Path
        The model directory.
    model : str
        What the model is called.
    missing, unexpected : list of str
        Weights that the model has and the file lacks, and the other way round.
    wrong_shape : list of str
        Weights of another shape, with both shapes; these are refused in any case.
    allow_partial : bool
        Whether a warning is enough.

    Raises
    ------
    InputError
        If there are any and they are not allowed.
    """
    names = [
        f"{kind} {name}"
        for kind, found in (("wrong shape", wrong_shape), ("missing", missing), ("unexpected", unexpected))
        for name in found
    ]
    if not names:
        return
    listed = ", ".join(names[:NAMED]) + (f" and {len(names) - NAMED} more" if len(names) > NAMED else "")
    problem = f"{directory}: {len(names)} weights do not fit {model}: {listed}"
    if wrong_shape:
        raise InputError(f"{problem}; take the config.json that belongs to them")
    if not allow_partial:
        raise InputError(f"{problem}; take the complete checkpoint, or add `allow_partial`")
    # A file name that does not exist keeps Python from printing a second line, the source.
    warnings.warn_explicit(
        f"{problem}; missing ones start from random values, unexpected ones are left out",
        UserWarning,
        filename="pyserini_ltre",
        lineno=1,
    )
