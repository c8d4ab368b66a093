"""Where the entries of the registry point to: paths and URLs, and where what they give lies on this machine."""

import os
import re
import urllib.parse
import urllib.request
from pathlib import Path

from pyserini_ltre.errors import InputError
from pyserini_ltre.files import is_possible
from pyserini_ltre.home import home, pyserini_cache
from pyserini_ltre.registry.download import SUMS, is_at_home
from pyserini_ltre.registry.entries import LONGEST_NAME, check_name
from pyserini_ltre.registry.registry_file import Entry
from pyserini_ltre.registry.unpack import ARCHIVES, is_archive

DIRECTORIES = {
    "indexes": (("index", "docid"), ("segments_*",), ("manifest.json", "shards")),
    "encoders": (("config.json",),),
}
"""The sections whose entries are directories, archived on the web, and sets of files of which each has to hold one;
entries of the other sections are single files."""


def location(section: str, name: str, entry: Entry) -> Path | None:
    """Tell where the file or directory of an entry lies, or will lie once it is fetched.

    None if the entry has neither `path` nor `url`; an `InputError` says if the URL cannot be used.
    """
    if "path" in entry:
        return Path(entry["path"])
    if "url" not in entry:
        return None
    check_source(name, entry)
    if used_where_it_lies(entry):
        return local_path(entry)
    if is_archive(file_name(entry)) != (section in DIRECTORIES):
        wanted = f"a tar archive ({', '.join(ARCHIVES)})" if section in DIRECTORIES else "a plain file"
        raise InputError(f"{name}: {entry['url']} has to be {wanted}, as all {section}; correct the entry")
    if _is_prebuilt(section, entry):
        # Where Pyserini itself puts it, so that there is one copy.
        return pyserini_cache() / "indexes" / f"{file_name(entry).removesuffix('.tar.gz')}.{entry['md5']}"
    folder = home() / section / f"{name}-{mark(entry)}"
    return folder if section in DIRECTORIES else folder / file_name(entry)


def _is_prebuilt(section: str, entry: Entry) -> bool:
    return section == "indexes" and bool(entry.get("prebuilt")) and "md5" in entry


def mark(entry: Entry) -> str:
    """What tells the files of an entry from those of another that has, or had, the same name."""
    return (entry.get("md5") or entry.get("sha256") or "local")[:8]


def check_source(name: str, entry: Entry) -> None:
    """Refuse an entry with a `url` that is none of ours, or that comes without size and sum.

    That is: the scheme is neither ``file`` nor ``https`` (nor ``http`` on this machine), a sum or the size is missing,
    or the name cannot be part of a path.
    """
    url, size = entry["url"], entry.get("size")
    check_name(name)
    try:
        parts = urllib.parse.urlsplit(url)
        parts.port  # noqa: B018 - read to have it checked
    except ValueError as error:
        raise InputError(f"{name}: {url} is no URL ({error}); correct it") from None
    if parts.scheme not in ("file", "https") and not is_at_home(url):
        raise InputError(
            f"{name}: {url} cannot be used; give a path, or a URL that begins with https:// or file://"
        )
    if parts.scheme == "file" and (parts.netloc not in ("", "localhost") or not parts.path.startswith("/")):
        raise InputError(f"{name}: {url} names no file of this machine; write file:///FULL/PATH")
    if parts.scheme != "file" and not (parts.hostname and re.fullmatch("[!-~]+", url)):
        raise InputError(
            f"{name}: {url} cannot be asked for; write https://HOST/FILE, other characters as %XX"
        )
    file = file_name(entry)
    if file in ("", ".", ".."):
        raise InputError(f"{name}: {url} names no file; give the URL of a file")
    if len(os.fsencode(file)) > LONGEST_NAME or not is_possible(local_path(entry) or Path(file)):
        raise InputError(f"{name}: {url} is too long or has a NUL; give a shorter name")
    for key, digits in SUMS.items():
        if key in entry and not re.fullmatch(rf"[0-9a-fA-F]{{{digits}}}", entry[key]):
            raise InputError(f"{name}: {key} {entry[key]!r} is none; give {digits} hexadecimal digits")
    if size is not None and (not isinstance(size, int) or isinstance(size, bool) or size < 1):
        raise InputError(f"{name}: size {size!r} is none; give the number of bytes")
    if parts.scheme != "file" and (not SUMS.keys() & entry.keys() or size is None):
        raise InputError(
            f"{name}: {url} has no md5 or no size; give both, so that what comes can be checked (sha256 is better)"
        )


def used_where_it_lies(entry: Entry) -> bool:
    """Tell whether an entry names a file or directory of this machine that need not be unpacked."""
    return "path" in entry or (local_path(entry) is not None and not is_archive(file_name(entry)))


def local_path(entry: Entry) -> Path | None:
    """Give the file or directory that a ``file://`` URL means; None for any other URL."""
    parts = urllib.parse.urlsplit(entry["url"])
    return Path(urllib.request.url2pathname(parts.path)) if parts.scheme == "file" else None


def file_name(entry: Entry) -> str:
    """Give the name of what a URL gives: what Pyserini calls it, or else the last part of the path."""
    if "filename" in entry:
        return str(entry["filename"])
    return urllib.parse.unquote(urllib.parse.urlsplit(entry["url"]).path).rstrip("/").rpartition("/")[2]
