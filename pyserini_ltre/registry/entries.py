"""Read the registry, look a name up, write a name into the user's own file."""

import json
import os
import re
from pathlib import Path
from typing import Any

import pyserini_ltre
from pyserini_ltre.errors import InputError
from pyserini_ltre.files import whole_file

SECTIONS = ("encoders", "indexes", "topics", "qrels")

Entry = dict[str, Any]


def home() -> Path:
    """Tell the folder of the user's own registry.

    Returns
    -------
    Path
        `$PYSERINI_LTRE_HOME`, or else the folder `pyserini_ltre` beside Pyserini's cache; it need not exist.
    """
    if own := os.environ.get("PYSERINI_LTRE_HOME"):
        return Path(own).expanduser().absolute()
    pyserini_cache = Path(os.environ.get("PYSERINI_CACHE") or "~/.cache/pyserini")
    return pyserini_cache.expanduser().absolute().parent / "pyserini_ltre"


def load() -> dict[str, dict[str, Entry]]:
    """Read the packaged registry with the user's own on top.

    Returns
    -------
    dict
        section -> name -> entry, every section present. Paths are absolute; a relative path that somebody
        wrote into the user's file counts from the folder of that file.

    Raises
    ------
    InputError
        If a registry file is not JSON (file, line and column) or not of the shape above.
    """
    merged = _read(_packaged_file())
    for section, entries in _read(_user_file()).items():
        for name, entry in entries.items():
            merged.setdefault(section, {})[name] = merged.get(section, {}).get(name, {}) | entry
    return merged


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


def path_of(section: str, name: str) -> Path | None:
    """Find the file or directory that stands behind a name.

    Parameters
    ----------
    section : {"encoders", "indexes", "topics", "qrels"}
        Which kind of name it is.
    name : str
        The name as a person types it.

    Returns
    -------
    Path or None
        An absolute path that exists, or None if the name is not registered or has no path yet.

    Raises
    ------
    InputError
        If the registered path is not there (any more).
    """
    path = (lookup(section, name) or {}).get("path")
    if path is None:
        return None
    if not Path(path).exists():
        raise InputError(
            f"{name} is registered under {section} as {path}, which does not exist; "
            f"make it again, or correct {_user_file()}"
        )
    return Path(path)


def register(section: str, name: str, **entry: Any) -> None:
    """Write a name into the user's own registry; the other entries stay as they are.

    Parameters
    ----------
    section : {"encoders", "indexes", "topics", "qrels"}
        Which kind of name it is.
    name : str
        Letters, digits, and any of ``. _ + -``, so that it cannot be taken for a path or for ``ltre:PATH``.
    **entry
        What to remember, at least `path`. A `path`, and an `encoder` that is a directory, are made absolute;
        the new entry takes the place of an older one of that name.

    Raises
    ------
    InputError
        If the name has other characters, or the user's registry file cannot be read.
    """
    if not re.fullmatch(r"[\w.+-]+", name):
        raise InputError(f"{name!r} cannot be a registered name; use letters, digits and . _ + - only")
    for key, value in entry.items():
        if key == "path" or (key == "encoder" and Path(value).expanduser().is_dir()):
            entry[key] = str(Path(value).expanduser().absolute())
        elif isinstance(value, os.PathLike):
            entry[key] = str(value)
    registry = _read(_user_file())
    registry[section][name] = entry
    with whole_file(_user_file()) as file:
        json.dump(registry, file, indent=2, ensure_ascii=False)
        file.write("\n")


def _user_file() -> Path:
    return home() / "registry.json"


def _packaged_file() -> Path:
    package = Path(pyserini_ltre.__file__).parent
    # Installed, `resources` is a folder of the package; in a checkout (or editable install) beside it.
    installed = package / "resources" / "registry.json"
    return installed if installed.exists() else package.parent / "resources" / "registry.json"


def _read(file: Path) -> dict[str, dict[str, Entry]]:
    try:
        content = json.loads(file.read_text(encoding="utf-8")) if file.exists() else {}
    except json.JSONDecodeError as error:
        raise InputError(
            f"{file}:{error.lineno}:{error.colno}: not JSON ({error.msg}); correct the file, or move it away"
        ) from None
    except UnicodeDecodeError:
        raise InputError(f"{file}: not UTF-8 text; correct the file, or move it away") from None
    sections = _objects(content, file, "the file")
    registry = {section: {} for section in SECTIONS}
    for section, entries in sections.items():
        for name, entry in _objects(entries, file, section).items():
            entry = dict(_objects(entry, file, f"{section} / {name}"))
            if not isinstance(entry.get("path", ""), str):
                raise InputError(f"{file}: the path of {section} / {name} has to be text; correct the file")
            if "path" in entry:
                entry["path"] = str(file.parent / Path(entry["path"]).expanduser())
            registry.setdefault(section, {})[name] = entry
    return registry


def _objects(value: Any, file: Path, what: str) -> dict[str, Any]:
    if not isinstance(value, dict):
        raise InputError(
            f"{file}: {what} has to be a JSON object, not {json.dumps(value)[:40]}; correct the file"
        )
    return value
