"""Which encoder names are ours, which model directory each of them means, and which index that was trained for."""

import json
import os
from pathlib import Path
from typing import Any, NamedTuple

from pyserini_ltre.errors import InputError
from pyserini_ltre.files import expanded, is_possible
from pyserini_ltre.registry.entries import load, lookup
from pyserini_ltre.registry.registry_file import Entry
from pyserini_ltre.registry.resolve import path_of
from pyserini_ltre.registry.sources import location

METHODS = ("ltre", "star", "adore")


def is_encoder_name(name: Any) -> bool:
    """Tell whether an encoder name is ours: `ltre`, `star`, `adore`, or one of these, a colon and something.

    Parameters
    ----------
    name : object
        What somebody gave as encoder. A path or hub name that merely contains such a word is not ours.

    Returns
    -------
    bool
        Whether `encoder_directory` resolves it.
    """
    return isinstance(name, str) and name.partition(":")[0] in METHODS


def find_encoder(name: str) -> str | Path:
    """Where an encoder lies: the directory that one of our names means, any other name or path as it is."""
    return encoder_directory(name) if is_encoder_name(name) else name


def encoder_directory(name: str) -> Path:
    """Find the model directory that an encoder name means.

    Parameters
    ----------
    name : str
        `ltre`, `star` or `adore` (what is registered under that name), `ltre:PATH` (a model directory), or
        `ltre:NAME` (a registered encoder of any name; a directory of that name goes first).

    Returns
    -------
    Path
        The directory, absolute.

    Raises
    ------
    InputError
        If the name is not ours, nothing stands behind it yet, or its directory does not exist.
    """
    method, colon, target = name.partition(":")
    if method not in METHODS:
        raise InputError(f"{name} is no encoder name; use {', '.join(METHODS)}, or {METHODS[0]}:PATH")
    if not colon:
        directory = path_of("encoders", name)
        if directory is None:
            published = "on MS MARCO" in (lookup("encoders", name) or {})
            how = (
                f"take the published one (python -m pyserini_ltre.registry show {name} tells where it is and what to "
                f"type), train one with --register {name}"
                if published
                else f"train one with python -m pyserini_ltre.train ... --register {name}"
            )
            raise InputError(
                f"no encoder is registered as {name} yet; {how}, or name a model directory: {name}:PATH"
            )
    else:
        directory = _directory_or_registered(name, target)
    if not directory.is_dir():
        raise InputError(f"{name}: {directory} is a file; name the model directory that holds it")
    return directory


def _directory_or_registered(name: str, target: str) -> Path:
    directory = expanded(target).absolute()
    if target and directory.exists():
        return directory
    registered = path_of("encoders", target)
    if registered is None:
        known = sorted(known for known, entry in load()["encoders"].items() if entry.keys() & {"path", "url"})
        raise InputError(
            f"{name}: {target or 'nothing after the colon'} is neither a model directory nor a registered "
            f"encoder; name one of them (registered: {', '.join(known) or 'none yet'})"
        )
    return registered


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
        for name, entry in registry["indexes"].items():
            place = _place(name, entry)
            if place is not None and _same(place, path):
                return PairedIndex(name, path, recorded.get("fingerprint"))
        return PairedIndex(str(path), path, recorded.get("fingerprint"))
    for entry in registry["encoders"].values():
        if "index" in entry and "path" in entry and _same(Path(entry["path"]), model):
            name = entry["index"]
            registered = _place(name, registry["indexes"].get(name, {}))
            return PairedIndex(name, registered or Path(name).absolute(), None)
    return None


def _recorded(model: Path) -> dict[str, str] | None:
    file = model / "pyserini_ltre.json"
    try:
        index = json.loads(file.read_text(encoding="utf-8")).get("index")
    except (OSError, ValueError, AttributeError, RecursionError):
        return None  # loading the model has complained, or will
    path = index.get("path") if isinstance(index, dict) else None
    return index if isinstance(path, str) and is_possible(Path(path)) else None


def _place(name: str, entry: Entry) -> Path | None:
    try:
        return location("indexes", name, entry)
    except InputError:
        return None  # whoever uses that name is told


def _same(one: Path, other: Path) -> bool:
    return os.path.realpath(one) == os.path.realpath(other)
