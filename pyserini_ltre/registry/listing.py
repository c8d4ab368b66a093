"""What is registered, printed: a line for each name, or all that is known of one."""

import json
from collections import Counter
from pathlib import Path

from pyserini_ltre.errors import InputError, system_explained, visible, visible_lines
from pyserini_ltre.registry.entries import left_out, load
from pyserini_ltre.registry.registry_file import SECTIONS, Entry, read_registry_file, user_file
from pyserini_ltre.registry.sources import location, used_where_it_lies


def print_names(only: str | None, every: bool, family: str | None) -> None:
    """Print a line for each name.

    Parameters
    ----------
    only : str, optional
        The section whose names are wanted.
    every : bool
        Pyserini's prebuilt indexes one by one, also those that are not here.
    family : str, optional
        Only indexes that encoders of this family made; an `InputError` says if there are none.
    """
    hidden: Counter[str] = Counter()
    registry = load()
    if family is not None:
        of_family = {n: e for n, e in registry["indexes"].items() if e.get("encoder_class") == family}
        if not of_family:
            known = {str(entry.get("encoder_class")) for entry in registry["indexes"].values()} - {"None"}
            raise InputError(f"--family {family}: no index; use one of {', '.join(sorted(known))}")
        registry, every = {"indexes": of_family}, True
    for section, entries in registry.items():
        if section not in SECTIONS or only not in (None, section):
            continue
        for name, entry in sorted(entries.items()):
            try:
                with system_explained():
                    place = location(section, name, entry)
                    state = _state(entry, place)
                what = entry.get("description") or place or ""
            except InputError as error:
                state, what = "BAD", error
            if entry.get("prebuilt") and state == "not downloaded" and not every:
                hidden[entry.get("encoder_class") or "other"] += 1
            else:
                print(visible(f"{section:<9} {name:<40} {state:<15} {what}"))
    if hidden:
        families = ", ".join(f"{name} {count}" for name, count in hidden.most_common())
        print(
            f"and {hidden.total()} prebuilt indexes of Pyserini that are not downloaded; --all lists them, --family "
            f"those of a family ({families})"
        )


def print_entries(name: str) -> None:
    """Print all that is known of a name, as JSON."""
    own = read_registry_file(user_file())
    shown = {}
    for section, entry in entries_of(name).items():
        place = location(section, name, entry)
        shown[section] = {
            **entry,
            "registered in": str(user_file()) if name in own[section] else "the package",
            "location": place and str(place),
            "state": _state(entry, place),
        }
    print(visible_lines(json.dumps(shown, indent=2, ensure_ascii=False)))


def entries_of(name: str) -> dict[str, Entry]:
    """The entry of a name in each section that has it; an `InputError` says if none has."""
    registry = load()
    found = {section: registry[section][name] for section in SECTIONS if name in registry[section]}
    reason = None if found else left_out(name)
    if reason:
        raise InputError(
            f"{name}: Pyserini's index is not registered here: {reason}; search it with Pyserini"
        )
    if not found:
        raise InputError(f"nothing is registered as {name}; list shows what there is")
    return found


def _state(entry: Entry, place: Path | None) -> str:
    if place is None:
        return "none yet"
    if place.exists():
        return "here"
    return "missing" if used_where_it_lies(entry) else "not downloaded"
