"""Registry files: where they are, read with their mistakes named, written whole and by one process at a time."""

import fcntl
import json
import os
import re
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from pyserini_ltre.errors import InputError
from pyserini_ltre.files import atomic_file, parse_json

SECTIONS = ("encoders", "indexes", "topics", "qrels")

Entry = dict[str, Any]
Registry = dict[str, dict[str, Entry]]


def home() -> Path:
    """Tell the folder of the user's own registry; it need not exist.

    It is `$PYSERINI_LTRE_HOME`, or else the folder `pyserini_ltre` beside Pyserini's cache.
    """
    if own := os.environ.get("PYSERINI_LTRE_HOME"):
        return Path(own).expanduser().absolute()
    return pyserini_cache().parent / "pyserini_ltre"


def pyserini_cache() -> Path:
    """Tell the folder in which Pyserini keeps what it downloads; it need not exist."""
    return Path(os.environ.get("PYSERINI_CACHE") or "~/.cache/pyserini").expanduser().absolute()


def user_file() -> Path:
    """Tell the user's own registry file; it need not exist."""
    return home() / "registry.json"


def resources() -> Path:
    """Tell the folder of the data that come with the package."""
    package = Path(__file__).parents[1]
    # Installed, `resources` is a folder of the package; in a checkout (or editable install) beside it.
    folder = package / "resources"
    return folder if folder.is_dir() else package.parent / "resources"


def read_registry_file(file: Path) -> Registry:
    """Read a registry file, which need not exist: section -> name -> entry, the known sections always present.

    Relative paths count from the file's folder.

    Raises
    ------
    InputError
        If it is not JSON (file, line and column), has two entries of one name, or is of another shape.
    """
    text = "{}"
    if file.exists():
        try:
            text = file.read_text(encoding="utf-8")
        except UnicodeDecodeError:
            raise InputError(f"{file}: not UTF-8 text; correct the file, or move it away") from None
    content = parse_json(
        text,
        lambda error: f"{file}:{error.lineno}:{error.colno}" if error else str(file),
        "correct the file, or move it away",
        object_pairs_hook=_Object,
    )
    registry: Registry = {section: {} for section in SECTIONS}
    sections = _objects(content, file, "the file")
    _refuse_doubles(sections, file, text, ())
    for section, entries in sections.items():
        _refuse_doubles(_objects(entries, file, section), file, text, (section,))
        for name, entry in entries.items():
            entry = dict(_objects(entry, file, f"{section} / {name}"))
            for key in ("path", "url", "md5"):
                if not isinstance(entry.get(key, ""), str):
                    raise InputError(
                        f"{file}: the {key} of {section} / {name} has to be text; correct the file"
                    )
            if "path" in entry:
                entry["path"] = str(file.parent / Path(entry["path"]).expanduser())
            registry.setdefault(section, {})[name] = entry
    return registry


def write_registry_file(file: Path, registry: Registry) -> None:
    """Write a registry file, whole or not at all; its folder is made if need be."""
    with atomic_file(file) as target:
        json.dump(registry, target, indent=2, ensure_ascii=False)
        target.write("\n")


class _Object(dict[str, Any]):
    """A JSON object that remembers which names it was given twice; `dict` keeps the last one silently."""

    def __init__(self, pairs: list[tuple[str, Any]]) -> None:
        super().__init__(pairs)
        names = [name for name, _ in pairs]
        self.doubles = [name for position, name in enumerate(names) if name in names[:position]]


def _objects(value: Any, file: Path, what: str) -> _Object:
    if not isinstance(value, _Object):
        raise InputError(
            f"{file}: {what} has to be a JSON object, not {json.dumps(value)[:40]}; correct the file"
        )
    return value


def _refuse_doubles(value: _Object, file: Path, text: str, above: tuple[str, ...]) -> None:
    for name in value.doubles:
        section = re.search(rf"{re.escape(json.dumps(above[0]))}\s*:", text) if above else None
        start = section.end() if section else 0
        places = list(re.finditer(rf"{re.escape(json.dumps(name))}\s*:", text[start:]))
        line = text.count("\n", 0, start + places[1].start()) + 1 if len(places) > 1 else 1
        raise InputError(
            f"{file}:{line}: {' / '.join((*above, name))} is there twice; rename or remove one of the two"
        )


@contextmanager
def locked(name: str) -> Iterator[None]:
    """Wait until no other process is in a block of the same name, part of a file name, then enter."""
    folder = home() / ".locks"
    folder.mkdir(parents=True, exist_ok=True)
    # The file stays: removing it while somebody waits for it would let two in.
    with open(folder / name, "w", encoding="utf-8") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        yield
