"""Whether what the registry names is there, whole, and what it should be."""

from collections.abc import Callable
from pathlib import Path

from pyserini_ltre.errors import InputError
from pyserini_ltre.registry.download import check_sum
from pyserini_ltre.registry.entries import load
from pyserini_ltre.registry.registry_file import Entry
from pyserini_ltre.registry.sources import local_path, location, used_where_it_lies


def verify(section: str, name: str, entry: Entry, read: Callable[[str, Path], str]) -> str | None:
    """Check one entry, and read what stands behind it.

    Parameters
    ----------
    section : {"encoders", "indexes", "topics", "qrels"}
        Which kind of name it is.
    name : str
        The name.
    entry : dict
        Its entry.
    read : callable
        Given a section and a file or directory of it, says in a few words what it is: the registry itself knows names
        and places, not what is in them.

    Returns
    -------
    str or None
        What was found, in a few words; None if nothing stands behind the name yet, or it is not fetched yet.

    Raises
    ------
    InputError
        If the entry cannot be used, or what it names is missing, incomplete or damaged.
    """
    place = location(section, name, entry)
    if section == "encoders" and entry.get("index", name) not in (name, *load()["indexes"]):
        raise InputError(f"no index is registered as {entry['index']}; register it, or correct the entry")
    if place is None:
        return None
    if not place.exists():
        if used_where_it_lies(entry):
            raise InputError(f"{place} does not exist; make it again, or remove the entry")
        archive = local_path(entry)
        if archive is not None:
            if not archive.is_file():
                raise InputError(f"{archive} does not exist; make it again, or remove the entry")
            check_sum(archive, str(archive), entry.get("size"), entry.get("md5"))
        return None
    if place.is_file() and "url" in entry:
        check_sum(place, str(place), entry.get("size"), entry.get("md5"))
    return read(section, place)
