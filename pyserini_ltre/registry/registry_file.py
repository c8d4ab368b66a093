"""Registry files: where they are, read with their mistakes named, and written whole."""

import json
import re
from collections import Counter
from pathlib import Path
from typing import Any

from pyserini_ltre.errors import InputError, system_explained
from pyserini_ltre.files import atomic_file, expanded, is_possible
from pyserini_ltre.home import home
from pyserini_ltre.json_files import check_shape, parse_json, read_text

SECTIONS = ("encoders", "indexes", "topics", "qrels")
_TEXTS = ("path", "url", "md5", "sha256", "description", "encoder", "encoder_class", "index")
_SHAPE = {str: {str: {f"{key}?": str for key in _TEXTS}}}

Entry = dict[str, Any]
Registry = dict[str, dict[str, Entry]]


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
    remedy = "correct the file, or move it away"
    with system_explained():
        if not file.exists():
            return {section: {} for section in SECTIONS}
        if not file.is_file():
            raise InputError(f"{file}: not a file; move it away")
        return _parsed(read_text(file, remedy), file, "correct the file", remedy)


def write_registry_file(file: Path, registry: Registry) -> None:
    """Write a registry file, whole or not at all; its folder is made if need be.

    What could not be read again is refused with an `InputError`.
    """
    text = json.dumps(registry, indent=2, ensure_ascii=False)
    try:
        text.encode()
    except UnicodeEncodeError:
        raise InputError("a value is not UTF-8 text; give another") from None
    _parsed(text, file, "give another", "give another")
    with atomic_file(file) as target:
        target.write(f"{text}\n")


def _parsed(text: str, file: Path, remedy: str, remedy_for_json: str) -> Registry:
    content = parse_json(
        text,
        lambda error: f"{file}:{error.lineno}:{error.colno}" if error else str(file),
        remedy_for_json,
        object_pairs_hook=_Object,
    )
    check_shape(content, _SHAPE, file, remedy)
    registry: Registry = {section: {} for section in SECTIONS}
    _refuse_doubles(content, file, text, ())
    for section, entries in content.items():
        _refuse_doubles(entries, file, text, (section,))
        for name, entry in entries.items():
            entry = dict(entry)
            if "path" in entry:
                path = file.parent / expanded(entry["path"])
                if not entry["path"] or not is_possible(path):
                    raise InputError(
                        f"{file}: the path of {section} / {name} is empty, too long or has a NUL; {remedy}"
                    )
                entry["path"] = str(path)
            registry.setdefault(section, {})[name] = entry
    return registry


class _Object(dict[str, Any]):
    """A JSON object that remembers which names it was given twice; `dict` keeps the last one silently."""

    def __init__(self, pairs: list[tuple[str, Any]]) -> None:
        super().__init__(pairs)
        self.doubles = [name for name, times in Counter(name for name, _ in pairs).items() if times > 1]


def _refuse_doubles(value: _Object, file: Path, text: str, above: tuple[str, ...]) -> None:
    for name in value.doubles:
        section = re.search(rf"{re.escape(json.dumps(above[0]))}\s*:", text) if above else None
        start = section.end() if section else 0
        places = list(re.finditer(rf"{re.escape(json.dumps(name))}\s*:", text[start:]))
        line = text.count("\n", 0, start + places[1].start()) + 1 if len(places) > 1 else 1
        raise InputError(
            f"{file}:{line}: {' / '.join((*above, name))} is there twice; rename or remove one of the two"
        )
