"""A file from the web that arrives whole and right, or goes on arriving the next time."""

import errno
import hashlib
import http.client
import re
import urllib.error
import urllib.request
from pathlib import Path

from pyserini_ltre.errors import InputError

CHUNK = 1 << 20
TIMEOUT = 60
# Broken connections in a row that brought nothing, after which somebody has to look.
FRUITLESS = 3
# Errors of the disk; all others on the way are the network's, and may pass.
DISK = {errno.ENOSPC, errno.EDQUOT, errno.EFBIG, errno.EACCES, errno.EPERM, errno.EROFS, errno.EIO}


def download(url: str, file: Path, size: int, md5: str) -> None:
    """Download a file; what an earlier, interrupted download left is not downloaded again.

    Until it is whole, it lies beside `file` under a name that ends in ``.part``. `size` is in bytes, `md5` in
    hexadecimal digits.

    Raises
    ------
    InputError
        If the server does not give it (what came is kept), or gives another file (kept aside).
    """
    file.parent.mkdir(parents=True, exist_ok=True)
    part = file.with_name(f"{file.name}.part")
    if file.exists():  # whole, but whoever asked for it came no further
        file.replace(part)
    fruitless = 0
    while (had := _size(part)) < size:
        try:
            _receive(url, part, size)
            broken = "the connection ended early"
        except urllib.error.HTTPError as error:
            if error.code == 416 and had:
                part.unlink()
                continue
            raise InputError(
                f"{url}: the server answers {error.code} {error.reason}; try again later, or correct the entry"
            ) from None
        except (OSError, http.client.HTTPException) as error:
            if getattr(error, "errno", None) in DISK:
                raise
            broken = str(getattr(error, "reason", error)) or type(error).__name__
        fruitless = fruitless + 1 if _size(part) <= had else 0
        if fruitless == FRUITLESS:
            raise InputError(
                f"{url}: {broken}, {_size(part)} of {size} bytes are here; the same command goes on from there"
            )
    check_sum(part, url, size, md5, set_aside=file)
    part.replace(file)


def check_sum(
    file: Path, source: str, size: int | None, md5: str | None, set_aside: Path | None = None
) -> None:
    """Compare a file with the size, in bytes, and the MD5 sum that it should have; `source` is for the message.

    If it is another file, an `InputError` names both sums; the file is renamed to `set_aside` with ``.wrong`` after
    it, or stays if there is no such name.
    """
    with open(file, "rb") as content:
        actual_md5 = hashlib.file_digest(content, lambda: hashlib.md5(usedforsecurity=False)).hexdigest()
    actual_size = _size(file)
    if (size is None or actual_size == size) and (md5 is None or actual_md5 == md5.lower()):
        return
    kept = file
    if set_aside is not None:
        kept = set_aside.with_name(f"{set_aside.name}.wrong")
        file.replace(kept)
    expected = f"{md5 or 'any'} ({size if size is not None else 'any number of'} bytes)"
    raise InputError(
        f"{source}: md5 {actual_md5} ({actual_size} bytes), expected {expected}; "
        f"the file is kept as {kept}: correct the entry, or ask who provides it"
    )


def _receive(url: str, part: Path, size: int) -> None:
    """Append what is missing of `part`, or write it anew if the server only gives the whole file."""
    from tqdm import tqdm

    had = _size(part)
    request = urllib.request.Request(url, headers={"User-Agent": "pyserini-ltre"})
    if had:
        request.add_header("Range", f"bytes={had}-")
    with urllib.request.urlopen(request, timeout=TIMEOUT) as answer:
        resumed = None
        if had and answer.status == 206:
            resumed = re.match(rf"bytes {had}-\d+/(\d+|\*)$", answer.headers.get("Content-Range") or "")
        written = resumed.group(1) if resumed else answer.headers.get("Content-Length")
        offered = int(written) if written and written.isdecimal() else None
        if offered not in (None, size):
            raise InputError(f"{url}: the server offers {offered} bytes, expected {size}; correct the entry")
        with (
            open(part, "ab" if resumed else "wb") as target,
            tqdm(
                total=size, initial=had if resumed else 0, unit="B", unit_scale=True, disable=None
            ) as progress,
        ):
            while chunk := answer.read(CHUNK):
                target.write(chunk)
                progress.update(len(chunk))


def _size(file: Path) -> int:
    return file.stat().st_size if file.exists() else 0
