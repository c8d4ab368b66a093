"""Where the entries of the registry point to: paths and URLs, and where what they give lies on this machine."""

import re
import urllib.parse
import urllib.request
from pathlib import Path

from pyserini_ltre.errors import InputError
from pyserini_ltre.registry.entries import check_name
from pyserini_ltre.registry.registry_file import Entry, home, pyserini_cache
from pyserini_ltre.registry.unpack import ARCHIVES, is_archive

DIRECTORIES = {"indexes": (("index", "docid"), ("segments_*",)), "encoders": (("config.json",),)}
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
    if entry.get("prebuilt"):
        # Where Pyserini itself puts it, so that there is one copy.
        return pyserini_cache() / "indexes" / f"{file_name(entry).removesuffix('.tar.gz')}.{entry['md5']}"
    folder = home() / section / f"{name}-{(entry.get('md5') or 'local')[:8]}"
    return folder if section in DIRECTORIES else folder / file_name(entry)


def check_source(name: str, entry: Entry) -> None:
    """Refuse an entry with a `url` that is none of ours, or that comes without size and MD5 sum.

    That is: the scheme is neither ``file`` nor ``https`` (nor ``http`` on this machine), a sum is missing, or the name
    cannot be part of a path.
    """
    url, md5, size = entry["url"], entry.get("md5"), entry.get("size")
    check_name(name)
    parts = urllib.parse.urlsplit(url)
    at_home = parts.scheme == "http" and parts.hostname in ("127.0.0.1", "localhost")
    if parts.scheme not in ("file", "https") and not at_home:
        raise InputError(
            f"{name}: {url} cannot be used; give a path, or a URL that begins with https:// or file://"
        )
    if parts.scheme == "file" and (parts.netloc not in ("", "localhost") or not parts.path.startswith("/")):
        raise InputError(f"{name}: {url} names no file of this machine; write file:///FULL/PATH")
    if file_name(entry) in ("", ".", ".."):
        raise InputError(f"{name}: {url} names no file; give the URL of a file")
    if md5 is not None and not re.fullmatch(r"[0-9a-fA-F]{32}", md5):
        raise InputError(f"{name}: md5 {md5!r} is none; give 32 hexadecimal digits")
    if size is not None and (not isinstance(size, int) or isinstance(size, bool) or size < 1):
        raise InputError(f"{name}: size {size!r} is none; give the number of bytes")
    if parts.scheme != "file" and (md5 is None or size is None):
        raise InputError(f"{name}: {url} has no md5 or no size; give both, so that what comes can be checked")


def used_where_it_lies(entry: Entry) -> bool:
    """Tell whether an entry names a file or directory of this machine that need not be unpacked."""
    return "path" in entry or (local_path(entry) is not None and not is_archive(file_name(entry)))


def local_path(entry: Entry) -> Path | None:
    """Give the file or directory that a ``file://`` URL means; None for any other URL."""
    parts = urllib.parse.urlsplit(entry["url"])
    return Path(urllib.request.url2pathname(parts.path)) if parts.scheme == "file" else None


def file_name(entry: Entry) -> str:
    """Give the last part of the path of a URL."""
    return urllib.parse.unquote(urllib.parse.urlsplit(entry["url"]).path).rstrip("/").rpartition("/")[2]
