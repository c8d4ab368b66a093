"""A sharded index on other machines, as an index directory: for training and mining."""

import hashlib
import os
from collections.abc import Iterable, Iterator, Mapping, Sequence
from functools import cached_property
from pathlib import Path
from typing import Any, overload

import numpy as np
import torch

from pyserini_ltre.errors import InputError
from pyserini_ltre.files import expanded, is_url
from pyserini_ltre.index.directory import BACKENDS, IndexDirectory
from pyserini_ltre.index.record import EncoderRecord
from pyserini_ltre.index.remote.holder import ShardFacts
from pyserini_ltre.index.remote.searching import RemoteIndex, split
from pyserini_ltre.index.remote.workers import Workers
from pyserini_ltre.index.seam import DenseIndex
from pyserini_ltre.index.sharded.manifest import read_manifest, shard_name
from pyserini_ltre.index.storage.copy import StoredCopy, stored_manifest

# Sums of document ids that are compared at a time.
SUMS = 2**20


class RemoteDirectory(IndexDirectory):
    """A sharded index of which only the manifest has to lie here; the process is connected to Ray.

    Nothing that grows with the number of documents is kept here: document ids and rows are asked for.

    Parameters
    ----------
    path : path or str
        The sharded index, the same on every machine; or its URL, from which each machine fetches what it is to search.

    device : {"cpu", "cuda"}
        Where the workers compute.

    Raises
    ------
    InputError
        If it is no sharded index, a shard lies on no machine, or what lies there is not what the manifest says.
    """

    def __init__(self, path: str | os.PathLike[str], device: str = "cpu") -> None:
        place: Path | str
        if isinstance(path, str) and is_url(path):
            place, self.manifest = path, stored_manifest(path)
            self.path = StoredCopy(path, self.manifest).path
        else:
            place = self.path = expanded(path).absolute()
            self.manifest = read_manifest(self.path)
        self.workers = Workers(place, self.manifest, device)
        self.starts = np.cumsum([0, *(shard["rows"] for shard in self.manifest.shards)])
        whole = dict.fromkeys(range(len(self.manifest.shards)))
        self.facts: dict[int, ShardFacts] = {}
        for answer in self.workers.ask("facts", whole):
            self.facts |= answer
        self.docids = RemoteDocids(self)  # type: ignore[assignment]  # of a list, all that anybody uses

    def close(self) -> None:
        """End the workers."""
        self.workers.close()

    @property
    def dimension(self) -> int:
        """Size of the vectors."""
        return self.manifest.dimension

    @property
    def stored_whole(self) -> bool:
        """Whether the vectors are there as they were made, not compressed."""
        return all(shard.stored_whole for shard in self.facts.values())

    @property
    def index_bytes(self) -> int:
        """Size of the index files together."""
        return sum(shard.index_bytes for shard in self.facts.values())

    @property
    def record(self) -> EncoderRecord | None:
        """What made the vectors, if the manifest says so."""
        return self.manifest.encoder

    @cached_property
    def row_of(self) -> "RemoteRows":  # type: ignore[override]  # of a dict, all that anybody uses
        """Row number of each document id; an `InputError` says if one is there twice, and in which shards."""
        self._check_ids()
        return RemoteRows(self)

    @cached_property
    def fingerprint(self) -> str:
        """That of the same sharded index where it is opened on one machine."""
        return hashlib.sha256(
            "".join(self.facts[number].fingerprint for number in sorted(self.facts)).encode()
        ).hexdigest()

    def _check_ids(self) -> None:
        """Refuse ids that are there twice; only sums are sent, a part of them at a time."""
        whole = dict.fromkeys(range(len(self.manifest.shards)))
        parts = int(self.starts[-1]) // SUMS + 1
        for part in range(parts):
            sums = np.sort(np.concatenate(self.workers.ask("id_sums", whole, part, parts)))
            same = set(sums[1:][sums[1:] == sums[:-1]].tolist())
            if not same:
                continue
            found: dict[str, list[int]] = {}
            for answer in self.workers.ask("of_id_sums", whole, same):
                for docid, number in answer:
                    found.setdefault(docid, []).append(number)
            for docid, numbers in found.items():
                if len(numbers) > 1:
                    both = " and ".join(shard_name(number) for number in sorted(numbers)[:2])
                    raise InputError(
                        f"{self.path}: document id {docid} is in shards {both}; build the index again without that"
                    )

    def _searchable(self, backend: str | None, device: torch.device) -> DenseIndex:
        """All shards behind one of the back ends, searched where they lie; the device is the learner's."""
        if backend is None:
            backend = "exact" if self.stored_whole else "faiss"
        if backend not in BACKENDS:
            raise InputError(f"`search_backend` {backend}: use one of {', '.join(BACKENDS)}")
        if backend == "faiss" and self.workers.device == "cuda":
            raise InputError(
                "`ray_device` cuda: FAISS searches on processors only; use `search_backend` exact"
            )
        return RemoteIndex(self.workers, backend)


class RemoteDocids(Sequence[str]):
    """A document id a row; ask for many at once."""

    def __init__(self, directory: RemoteDirectory) -> None:
        self.directory = directory

    def __len__(self) -> int:
        return int(self.directory.starts[-1])

    @overload
    def __getitem__(self, row: int) -> str: ...
    @overload
    def __getitem__(self, row: slice) -> list[str]: ...
    def __getitem__(self, row: int | slice) -> str | list[str]:
        if isinstance(row, slice):
            rows = range(*row.indices(len(self)))
            found = self.fetch(rows)
            return [found[one] for one in rows]
        if not 0 <= row < len(self):
            raise IndexError(row)
        return self.fetch([row])[row]

    def fetch(self, keys: Iterable[int]) -> dict[int, str]:
        """Ids of the documents in some rows, by row."""
        starts = self.directory.starts
        rows = np.unique(np.fromiter(keys, np.int64))
        parts = split(starts, rows[rows >= 0])
        rows = rows[rows >= 0]
        wanted = {number: (rows[part] - starts[number]).tolist() for number, part in parts.items()}
        found: dict[int, str] = {}
        for answer in self.directory.workers.ask("docids", wanted):
            for number, docids in answer.items():
                found.update(zip(rows[parts[number]].tolist(), docids, strict=True))
        return found


class RemoteRows(Mapping[str, int]):
    """Row number of each document id; ask for many at once."""

    def __init__(self, directory: RemoteDirectory) -> None:
        self.directory = directory

    def __len__(self) -> int:
        return int(self.directory.starts[-1])

    def __iter__(self) -> Iterator[str]:
        return iter(self.directory.docids)

    def __getitem__(self, docid: str) -> int:
        return self.fetch([docid])[docid]

    def fetch(self, keys: Iterable[Any]) -> dict[str, int]:
        """Rows of those documents that are in the index."""
        starts = dict(enumerate(self.directory.starts[:-1].tolist()))
        found: dict[str, int] = {}
        for answer in self.directory.workers.ask("rows", starts, frozenset(keys)):
            found |= answer
        return found
