"""What this machine has of a sharded index at a URL: each shard is fetched once, and is whole or not there."""

import errno
import hashlib
import json
import re
import shutil
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

from tqdm import tqdm

from pyserini_ltre.errors import InputError, system_error, system_explained
from pyserini_ltre.files import atomic_directory
from pyserini_ltre.home import home, locked
from pyserini_ltre.index.sharded.manifest import (
    MANIFEST,
    SHARDS,
    Manifest,
    manifest_content,
    parse_manifest,
    shard_name,
)
from pyserini_ltre.index.sharded.shard import missing_file, missing_files
from pyserini_ltre.index.storage.reading import OtherContent, pieces
from pyserini_ltre.json_files import write_json

# Bytes; a shard takes some 400 of it.
LARGEST_MANIFEST = 2**27
# Characters of the URL in the name of the folder, and of the sum behind them.
READABLE, MARK = 60, 16
AGAIN = "upload the sharded index again"


def stored_manifest(url: str) -> Manifest:
    """Read the manifest of the sharded index at a URL; an `InputError` says if there is none, or it is none."""
    content = bytearray()
    for piece in pieces(url.rstrip("/"), MANIFEST):
        content += piece
        if len(content) > LARGEST_MANIFEST:
            raise OtherContent(f"{url}/{MANIFEST}: more than {LARGEST_MANIFEST} bytes; {AGAIN}")
    try:
        text = content.decode()
    except UnicodeDecodeError:
        raise OtherContent(f"{url}/{MANIFEST}: not UTF-8 text; {AGAIN}") from None
    return parse_manifest(text, f"{url.rstrip('/')}/{MANIFEST}", AGAIN)


def fetched(url: str) -> Path:
    """Fetch what this machine lacks of the sharded index at a URL; gives the directory in which it then is."""
    copy = StoredCopy(url, stored_manifest(url))
    copy.fetch_all()
    return copy.path


class StoredCopy:
    """The folder of this machine for the sharded index at a URL: in the end, a sharded index directory.

    It is named by the manifest's content, too: an index that takes the place of another at the same URL is another's.

    Parameters
    ----------
    url : str
        Of the sharded index, as fsspec takes it.
    manifest : Manifest
        Of the index.
    """

    def __init__(self, url: str, manifest: Manifest) -> None:
        self.url, self.manifest = url.rstrip("/"), manifest
        readable = re.sub(r"[^\w.-]", "_", self.url.rpartition("/")[2], flags=re.ASCII)[:READABLE].lstrip(".")
        mark = hashlib.sha256(json.dumps(manifest_content(manifest)).encode()).hexdigest()[:MARK]
        self.path = home() / "indexes" / f"{readable or 'index'}-{mark}"

    def missing(self) -> dict[int, str]:
        """The shards that are not here, or not whole, and why."""
        return missing_files(self.path, self.manifest)

    def fetch(self, number: int, progress: Callable[[int], object] = lambda size: None) -> None:
        """Fetch a shard unless it is here; whoever else on this machine wants it waits.

        Parameters
        ----------
        number : int
            Which shard.
        progress : callable
            Told how many bytes have come.

        Raises
        ------
        OtherContent
            If what lies at the URL is not the shard of the manifest.
        InputError
            If this machine cannot have it: no network, no room.
        """
        place = self.path / SHARDS / shard_name(number)
        with locked(f"{self.path.name}-{shard_name(number)}"), system_explained():
            if missing_file(self.path, self.manifest, number) is None:
                return
            with self._room(number), atomic_directory(place, overwrite=True) as partial:
                for name in self.manifest.shards[number]["files"]:
                    self._fetch_file(number, name, partial / name, progress)

    def fetch_all(self) -> None:
        """Fetch the shards that are not here, one after the other, with a progress bar, and write the manifest."""
        if not (self.path / MANIFEST).is_file():
            write_json(self.path / MANIFEST, manifest_content(self.manifest))
        wanted = sorted(self.missing())
        if not wanted:
            return
        total = sum(map(self.size, wanted))
        with tqdm(total=total, unit="B", unit_scale=True, desc="fetching shards", disable=None) as bar:
            for number in wanted:
                self.fetch(number, bar.update)

    def size(self, number: int) -> int:
        """Bytes of a shard."""
        return sum(file["bytes"] for file in self.manifest.shards[number]["files"].values())

    @contextmanager
    def _room(self, number: int) -> Iterator[None]:
        """Refuse a shard for which there is no room, before or when that shows."""
        self.path.mkdir(parents=True, exist_ok=True)
        size, free = self.size(number), shutil.disk_usage(self.path).free
        what = f"{self.url}/{SHARDS}/{shard_name(number)}"
        if size > free:
            raise InputError(f"{what}: {size} bytes, and {free} are free in {self.path}; free some")
        try:
            yield
        except OSError as error:
            if system_error(error) not in (errno.ENOSPC, errno.EDQUOT):
                raise
            raise InputError(f"{what}: no space left in {self.path}; free some, and run it again") from None

    def _fetch_file(self, number: int, name: str, target: Path, progress: Callable[[int], object]) -> None:
        """Fetch a file of a shard, no more of it than there should be, and compare it with the manifest."""
        expected = self.manifest.shards[number]["files"][name]
        inner = f"{SHARDS}/{shard_name(number)}/{name}"
        digest, size = hashlib.sha256(), 0
        with open(target, "wb") as file:
            for piece in pieces(self.url, inner):
                size += len(piece)
                if size > expected["bytes"]:
                    break
                file.write(piece)
                digest.update(piece)
                progress(len(piece))
        if size != expected["bytes"]:
            found = "more" if size > expected["bytes"] else f"{size} bytes"
            fault = f"{found} where manifest.json has {expected['bytes']} bytes"
        elif digest.hexdigest() != expected["sha256"]:
            fault = f"sha256 {digest.hexdigest()}, {expected['sha256']} in manifest.json"
        else:
            return
        raise OtherContent(f"{self.url}/{inner}: {fault}; upload this shard again, with its manifest")
