"""Look a name up in the registry; write a name into the user's own file, or take it out."""

import os
import re
from typing import Any

from pyserini_ltre.errors import InputError
from pyserini_ltre.files import expanded
from pyserini_ltre.home import locked
from pyserini_ltre.registry.registry_file import (
    Entry,
    Registry,
    read_registry_file,
    resources,
    user_file,
    write_registry_file,
)

# In bytes; files get longer names than the name itself, and the system takes 255.
LONGEST_NAME = 150
# Made by integrations/prebuilt_indexes.py.
PREBUILT = "prebuilt_indexes.json"


def load() -> Registry:
    """Read the packaged registry with the user's own on top.

    Returns
    -------
    dict
        section -> name -> entry, every section present. Paths are absolute; a relative path that somebody
        wrote into the user's file counts from the folder of that file.

    Raises
    ------
    InputError
        If a registry file is not JSON (file, line and column), has two entries of one name, or is not of the
        shape above.
    """
    merged = packaged()
    for section, entries in read_registry_file(user_file()).items():
        for name, entry in entries.items():
            merged.setdefault(section, {})[name] = merged.get(section, {}).get(name, {}) | entry
    return merged


def packaged() -> Registry:
    """Read what the package itself brings: all JSON files of `resources/` that hold registry sections."""
    merged = read_registry_file(resources() / "registry.json")
    merged["indexes"] |= read_registry_file(resources() / PREBUILT)["indexes"]
    return merged


def left_out(name: str) -> str | None:
    """Why one of Pyserini's prebuilt indexes is not among the packaged ones; None if no such index is left out."""
    return read_registry_file(resources() / PREBUILT)["left out"].get(name, {}).get("description")


def lookup(section: str, name: str) -> Entry | None:
    """Find the entry of a name.

    Parameters
    ----------
    section : {"encoders", "indexes", "topics", "qrels"}
        Which kind of name it is.
    name : str
        The name as a person types it.

    Returns
    -------
    dict or None
        The entry, or None if nobody has registered that name.
    """
    return load()[section].get(name)


def check_name(name: str) -> None:
    """Refuse a name that could be taken for a path or for ``ltre:PATH``, or is too long to be part of one."""
    if not re.fullmatch(r"[\w.+-]+", name) or name in (".", "..") or len(name.encode()) > LONGEST_NAME:
        raise InputError(
            f"{name!r} cannot be a registered name; use letters, digits and . _ + - only, at most {LONGEST_NAME}"
        )


def register(section: str, name: str, **entry: Any) -> None:
    """Write a name into the user's own registry; the other entries stay as they are.

    Parameters
    ----------
    section : {"encoders", "indexes", "topics", "qrels"}
        Which kind of name it is.
    name : str
        Letters, digits, and any of ``. _ + -``, so that it cannot be taken for a path or for ``ltre:PATH``.
    **entry
        What to remember, at least `path` or `url`. A `path`, and an `encoder` that is a directory, are made
        absolute; the new entry takes the place of an older one of that name.

    Raises
    ------
    InputError
        If the name has other characters, or the user's registry file cannot be read.
    """
    check_name(name)
    for key, value in entry.items():
        if key == "path" or (key == "encoder" and expanded(value).is_dir()):
            entry[key] = str(expanded(value).absolute())
        elif isinstance(value, os.PathLike):
            entry[key] = str(value)
    with locked("registry"):
        registry = read_registry_file(user_file())
        registry[section][name] = entry
        write_registry_file(user_file(), registry)


def remove(section: str, name: str) -> Entry:
    """Take a name out of the user's own registry, and give the entry that was there; parameters as for `lookup`.

    Raises
    ------
    InputError
        If the user's own registry has no such name.
    """
    with locked("registry"):
        registry = read_registry_file(user_file())
        if name not in registry[section]:
            if name in packaged()[section]:
                raise InputError(f"{name} comes with the package and stays; register your own over it")
            raise InputError(f"{section}: no {name} in {user_file()}; list shows what there is")
        entry = registry[section].pop(name)
        write_registry_file(user_file(), registry)
    return entry
