"""Registered names in Pyserini's commands; what is not registered stays Pyserini's business."""

from pathlib import Path

from pyserini_ltre.errors import InputError, remark, system_explained
from pyserini_ltre.plugin.hook import strict
from pyserini_ltre.registry import lookup, path_of


def registered_path(section: str, name: str, prebuilt: bool = False) -> Path | None:
    """Find what a name stands for, fetched if need be.

    Parameters
    ----------
    section, name : str
        As `registry.lookup` takes them.
    prebuilt : bool
        Whether a prebuilt index of Pyserini is wanted from us, too. Our encoders need its vectors and nothing else; any
        other use is Pyserini's.

    Returns
    -------
    Path or None
        None if the name is not ours. Nobody knows if the registry cannot be read: then a warning says so.

    Raises
    ------
    InputError
        If it is ours, and nothing usable stands behind it; or with `PYSERINI_LTRE_STRICT=1`, instead of the warning.
    """
    try:
        with system_explained():
            entry = lookup(section, name)
    except InputError as error:
        if strict():
            raise
        remark(f"Pyserini goes on without registered names ({error})", RuntimeWarning)
        return None
    if entry is None or (entry.get("prebuilt") and "path" not in entry and not prebuilt):
        return None
    return path_of(section, name)
