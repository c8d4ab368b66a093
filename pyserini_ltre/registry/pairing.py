"""Which index an encoder was trained for: its vectors mean nothing beside those of another index."""

import json
from pathlib import Path
from typing import NamedTuple

from pyserini_ltre.registry.entries import load
from pyserini_ltre.registry.sources import location


class PairedIndex(NamedTuple):
    """The index that an encoder belongs to.

    Attributes
    ----------
    name : str
        The name that it is registered under, or else its path.
    path : Path
        Where it lay in training, or where the registry puts it; it need not exist.
    fingerprint : str or None
        What `IndexDirectory.fingerprint` was in training, if that is known.
    """

    name: str
    path: Path
    fingerprint: str | None


def paired_index(model: Path) -> PairedIndex | None:
    """Find the index that an encoder belongs to.

    Parameters
    ----------
    model : Path
        Model directory.

    Returns
    -------
    PairedIndex or None
        As the model's ``pyserini_ltre.json`` says; else the `index` of the registered encoder that has this
        directory; None if neither names one.
    """
    registry = load()
    recorded = _recorded(model)
    if recorded is not None:
        path = Path(recorded["path"])
        return PairedIndex(_registered_as(path, registry["indexes"]), path, recorded.get("fingerprint"))
    for entry in registry["encoders"].values():
        if "index" in entry and "path" in entry and _same(Path(entry["path"]), model):
            name = entry["index"]
            path = location("indexes", name, registry["indexes"].get(name, {}))
            return PairedIndex(name, path or Path(name).absolute(), None)
    return None


def _recorded(model: Path) -> dict[str, str] | None:
    file = model / "pyserini_ltre.json"
    try:
        index = json.loads(file.read_text(encoding="utf-8")).get("index")
    except (OSError, ValueError, AttributeError):
        return None  # loading the model has complained, or will
    return index if isinstance(index, dict) and isinstance(index.get("path"), str) else None


def _registered_as(path: Path, indexes: dict[str, dict]) -> str:
    names = (
        name
        for name, entry in indexes.items()
        if (place := location("indexes", name, entry)) is not None and _same(place, path)
    )
    return next(names, str(path))


def _same(one: Path, other: Path) -> bool:
    return one.resolve() == other.resolve()
