"""From a name to a file or directory that is here, fetched if need be; or what is wrong with it."""

import errno
import os
from collections.abc import Callable
from pathlib import Path

from pyserini_ltre.errors import InputError
from pyserini_ltre.files import atomic_directory, expanded, is_stream, is_url
from pyserini_ltre.home import home, locked
from pyserini_ltre.registry.download import check_sum, download
from pyserini_ltre.registry.entries import load, lookup
from pyserini_ltre.registry.registry_file import Entry, user_file
from pyserini_ltre.registry.sources import (
    DIRECTORIES,
    file_name,
    local_path,
    location,
    mark,
    used_where_it_lies,
)
from pyserini_ltre.registry.unpack import unpack


def find(section: str, name: str | os.PathLike[str]) -> Path:
    """Find what a command was given: a path that exists, or else a registered name.

    Parameters
    ----------
    section : {"encoders", "indexes", "topics", "qrels"}
        Which kind of name it is.
    name : str or path
        What was given.

    Returns
    -------
    Path
        What it stands for; an unknown name as it is, so that reading it tells that there is no such file.
    """
    path = expanded(name)
    return path if path.exists() else path_of(section, str(name)) or path


def find_index(name: str | os.PathLike[str]) -> Path | str:
    """Find an index as `find` does; a URL, which is that of a sharded index in object storage, stays as it is."""
    return name if isinstance(name, str) and is_url(name) else find("indexes", name)


def path_of(section: str, name: str) -> Path | None:
    """Find the file or directory that stands behind a name; download and unpack it if it is not here yet.

    Parameters are those of `lookup`.

    Returns
    -------
    Path or None
        An absolute path that exists, or None if the name is not registered or has no path yet.

    Raises
    ------
    InputError
        If the registered path is not there (any more), or the registered URL does not give what it should.
    """
    entry = lookup(section, name) or {}
    place = location(section, name, entry)
    if place is None:
        return None
    if place.exists():
        _check_readable(place)
        return place
    if used_where_it_lies(entry):
        raise InputError(
            f"{name} is registered under {section} as {place}, which does not exist; "
            f"make it again, or correct {user_file()}"
        )
    _fetch(section, name, entry, place)
    return place


def _check_readable(place: Path) -> None:
    """Refuse devices and pipes, which may never end, as what a name stands for and in a directory that is one."""
    for path in (place, *(place.iterdir() if place.is_dir() else ())):
        if is_stream(path):
            raise InputError(f"{path}: neither a file nor a folder; correct the entry")


def _fetch(section: str, name: str, entry: Entry, place: Path) -> None:
    local = local_path(entry)
    try:
        with locked(f"{section}-{name}"):
            if place.exists():  # another process was faster
                return
            if local is not None:
                file = local
                if not file.is_file():
                    raise InputError(f"{name}: no file {file}; correct {user_file()}")
                check_sum(file, str(file), entry)
            else:
                file = home() / "downloads" / f"{mark(entry)}-{file_name(entry)}"
                download(entry["url"], file, entry["size"], entry.get("md5"), entry.get("sha256"))
            _put_in_place(section, file, place)
            if local is None:
                file.unlink(missing_ok=True)
    except OSError as error:
        if error.errno != errno.ENOSPC:
            raise
        raise InputError(f"{name}: no space left for {place}; free some, the same command goes on") from None


def _put_in_place(section: str, file: Path, place: Path) -> None:
    if section not in DIRECTORIES:
        place.parent.mkdir(parents=True, exist_ok=True)
        file.replace(place)
        return
    with atomic_directory(place) as directory:
        unpack(file, directory)
        wanted = DIRECTORIES[section]
        if not any(all(any(directory.glob(n)) for n in names) for names in wanted):
            needed = " or ".join(" and ".join(names) for names in wanted)
            raise InputError(
                f"{file}: the archive has no {needed}, so it is none of the {section}; correct the entry"
            )


def verify(section: str, name: str, entry: Entry, read: Callable[[str, Path], str]) -> str | None:
    """Check one entry, and say in a few words what stands behind it; None if nothing does, or it is not fetched yet.

    Given a section and a file or directory of it, `read` says what it is: the registry itself knows names and places,
    not what is in them.

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
            check_sum(archive, str(archive), entry)
        return None
    if place.is_file() and "url" in entry:
        check_sum(place, str(place), entry)
    _check_readable(place)
    return read(section, place)
