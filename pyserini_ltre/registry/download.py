"""A file from the web that arrives whole and right, or goes on arriving the next time."""

import errno
import hashlib
import http.client
import re
import shutil
import stat
import urllib.error
import urllib.parse
import urllib.request
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from pyserini_ltre.errors import InputError

CHUNK = 1 << 20
TIMEOUT = 60
# Broken connections in a row that brought nothing, after which somebody has to look.
FRUITLESS = 3
# Errors of the disk; all others on the way are the network's, and may pass.
DISK = {errno.ENOSPC, errno.EDQUOT, errno.EFBIG, errno.EACCES, errno.EPERM, errno.EROFS, errno.EIO}
SUMS = {"md5": 32, "sha256": 64}
"""The sums that an entry may have, and how many hexadecimal digits they are."""


def download(url: str, file: Path, size: int, md5: str | None, sha256: str | None = None) -> None:
    """Download a file; what an earlier, interrupted download left is not downloaded again.

    Until it is whole, it lies beside `file` under a name that ends in ``.part``. `size` is in bytes, the sums, as far
    as they are known, in hexadecimal digits.

    Raises
    ------
    InputError
        If the server does not give it (what came is kept), gives another file (kept aside), or more or less than
        `size`; or if there is no room for it.
    """
    file.parent.mkdir(parents=True, exist_ok=True)
    part = file.with_name(f"{file.name}.part")
    if file.exists():  # whole, but whoever asked for it came no further
        file.replace(part)
    free = shutil.disk_usage(file.parent).free
    if size - _size(part) > free:
        raise InputError(f"{url}: {size} bytes, and {free} are free in {file.parent}; free some")
    fruitless = 0
    begun_anew = False
    while (had := _size(part)) < size:
        try:
            _receive(url, part, size)
            broken = "the connection ended early"
        except urllib.error.HTTPError as error:
            if error.code == 416 and had:
                part.unlink()
                if begun_anew:
                    raise InputError(
                        f"{url}: the server has {had} bytes, expected {size}; correct the entry"
                    ) from None
                begun_anew = True
                continue
            raise InputError(
                f"{url}: the server answers {error.code} {error.reason}; try again later, or correct the entry"
            ) from None
        except (OSError, http.client.HTTPException, UnicodeError) as error:
            if getattr(error, "errno", None) in DISK:
                raise
            broken = str(getattr(error, "reason", error)) or type(error).__name__
        fruitless = fruitless + 1 if _size(part) <= had else 0
        if fruitless == FRUITLESS:
            raise InputError(
                f"{url}: {broken}, {_size(part)} of {size} bytes are here; the same command goes on from there"
            )
    check_sum(part, url, {"size": size, "md5": md5, "sha256": sha256}, set_aside=file)
    part.replace(file)


def sums_of(file: Path) -> dict[str, str]:
    """Compute the `SUMS` of a file; of one that grows meanwhile, those of the bytes that it had."""
    digests = {"md5": hashlib.md5(usedforsecurity=False), "sha256": hashlib.sha256()}
    left = _size(file)
    with open(file, "rb") as content:
        while chunk := content.read(min(CHUNK, left)):
            left -= len(chunk)
            for digest in digests.values():
                digest.update(chunk)
    return {name: digest.hexdigest() for name, digest in digests.items()}


def check_sum(file: Path, source: str, entry: Mapping[str, Any], set_aside: Path | None = None) -> None:
    """Compare a file with the `size`, in bytes, and the `SUMS` that an entry has; `source` is for the message.

    If it is another file, an `InputError` names what it has and should have; the file is renamed to `set_aside` with
    ``.wrong`` after it, or stays if there is no such name.
    """
    if not stat.S_ISREG(file.stat().st_mode):
        raise InputError(f"{source}: {file} is no plain file; correct the entry")
    wanted = {name: str(entry[name]).lower() for name in SUMS if entry.get(name) is not None}
    actual_size, size = _size(file), entry.get("size")
    right_size = size in (None, actual_size)
    actual = sums_of(file) if wanted and right_size else {}
    if right_size and all(actual[name] == value for name, value in wanted.items()):
        return
    kept = file
    if set_aside is not None:
        kept = set_aside.with_name(f"{set_aside.name}.wrong")
        file.replace(kept)
    found = ", ".join(f"{name} {actual[name]}" for name in actual if name in wanted)
    raise InputError(
        f"{source}: {found or f'{actual_size} bytes'}, expected {', '.join(wanted.values()) if found else size}; "
        f"the file is kept as {kept}: correct the entry, or ask who provides it"
    )


def is_at_home(url: str) -> bool:
    """Whether a URL is of a server on this machine, the only one that may do without https."""
    parts = urllib.parse.urlsplit(url)
    return parts.scheme == "http" and parts.hostname in ("127.0.0.1", "localhost")


class _SafeRedirects(urllib.request.HTTPRedirectHandler):
    """Goes where https protects what comes; from a server on this machine, also to another one here."""

    def redirect_request(
        self, req: urllib.request.Request, fp: Any, code: int, msg: str, headers: Any, newurl: str
    ) -> urllib.request.Request | None:
        if not newurl.startswith("https://") and not (is_at_home(req.full_url) and is_at_home(newurl)):
            raise InputError(f"{req.full_url}: sends to {newurl}, which is not https; correct the entry")
        return super().redirect_request(req, fp, code, msg, headers, newurl)


def _open(request: urllib.request.Request) -> Any:
    try:
        return urllib.request.build_opener(_SafeRedirects).open(request, timeout=TIMEOUT)
    except (InputError, UnicodeError, http.client.HTTPException):
        raise
    except ValueError as error:  # an address, of those that it sends to, that is none
        raise InputError(f"{request.full_url}: sends to no address ({error}); correct the entry") from None


def _receive(url: str, part: Path, size: int) -> None:
    """Append what is missing of `part`, or write it anew if the server only gives the whole file."""
    from tqdm import tqdm

    had = _size(part)
    request = urllib.request.Request(url, headers={"User-Agent": "pyserini-ltre"})
    if had:
        request.add_header("Range", f"bytes={had}-")
    with _open(request) as answer:
        resumed = None
        if had and answer.status == 206:
            resumed = re.match(rf"bytes {had}-\d+/(\d+|\*)$", answer.headers.get("Content-Range") or "")
        written = resumed.group(1) if resumed else answer.headers.get("Content-Length")
        # A number that no file has is none.
        offered = int(written) if written and re.fullmatch("[0-9]{1,18}", written) else None
        if offered not in (None, size):
            raise InputError(f"{url}: the server offers {offered} bytes, expected {size}; correct the entry")
        here = had if resumed else 0
        with (
            open(part, "ab" if resumed else "wb") as target,
            tqdm(total=size, initial=here, unit="B", unit_scale=True, disable=None) as progress,
        ):
            while chunk := answer.read(min(CHUNK, size - here + 1)):
                here += len(chunk)
                if here > size:
                    break
                target.write(chunk)
                progress.update(len(chunk))
    if here > size:
        part.unlink()
        raise InputError(f"{url}: the server gives more than the {size} bytes expected; correct the entry")


def _size(file: Path) -> int:
    return file.stat().st_size if file.exists() else 0
