"""What a worker does: it opens shards where they lie, and answers for them. It keeps nothing but what it has opened."""

import hashlib
from pathlib import Path
from typing import NamedTuple

import faiss
import numpy as np
import torch

from pyserini_ltre.errors import InputError
from pyserini_ltre.index.directory import IndexDirectory
from pyserini_ltre.index.lengths import VectorLengths, vector_lengths
from pyserini_ltre.index.seam import DenseIndex
from pyserini_ltre.index.segmented import merged
from pyserini_ltre.index.sharded.manifest import SHARDS, Manifest, names_in, shard_name
from pyserini_ltre.index.sharded.shard import missing_files, open_shard
from pyserini_ltre.index.storage.copy import StoredCopy
from pyserini_ltre.index.storage.reading import OtherContent

# Of the sum of a document id, which says whether two may be the same.
ID_BYTES = 8


class ShardFacts(NamedTuple):
    """What is known of a shard once it is opened.

    Attributes
    ----------
    stored_whole : bool
        Whether the vectors are there as they were made.
    index_bytes : int
        Size of the index file.
    fingerprint : str
        See `IndexDirectory.fingerprint`.
    """

    stored_whole: bool
    index_bytes: int
    fingerprint: str


class ShardHolder:
    """Answers for the shards that it is asked about, which it opens, memory-mapped, when it first is.

    Every method but `missing` and `fetch` takes first what it is to do, by number of shard: so any worker can take the
    place of any other on whose machine the shards lie.

    Parameters
    ----------
    place : Path or str
        The sharded index on this machine, or the URL from which this machine fetches the shards that it is to have.
    manifest : Manifest
        Of the learner's copy: what lies here has to be that.
    threads : int
        With which torch and FAISS compute.
    device : str
        Where exact search runs.
    """

    def __init__(self, place: Path | str, manifest: Manifest, threads: int, device: str = "cpu") -> None:
        copy = StoredCopy(place, manifest) if isinstance(place, str) else None
        self.copy, self.path = copy, Path(place) if copy is None else copy.path
        self.manifest, self.device = manifest, device
        self.directories: dict[int, IndexDirectory] = {}
        self.opened: dict[tuple[int, str], DenseIndex] = {}
        self.ids: dict[int, np.ndarray] = {}
        torch.set_num_threads(threads)
        faiss.omp_set_num_threads(threads)

    def missing(self) -> dict[int, str]:
        """Shards that do not lie here whole, and what is wrong; an `InputError` names one that is of another index."""
        if self.device == "cuda" and not torch.cuda.is_available():
            raise InputError(
                "torch finds no CUDA device here; install its CUDA build, or leave `ray_device` out"
            )
        known = {shard_name(number) for number in range(len(self.manifest.shards))}
        folder = self.path / SHARDS
        strangers = names_in(folder) - known
        if strangers:
            raise InputError(f"{folder}/{min(strangers)} is not in manifest.json; remove it, or shard again")
        return missing_files(self.path, self.manifest)

    def fetch(self, number: int) -> str | None:
        """Fetch a shard from its URL; what keeps this machine from having it, if anything does.

        An `InputError` says if what lies there is not the shard of the manifest: no other machine would fare better.
        """
        assert self.copy is not None
        try:
            self.copy.fetch(number)
        except OtherContent:
            raise
        except InputError as error:
            return str(error)
        return None

    def facts(self, shards: dict[int, None]) -> dict[int, ShardFacts]:
        """Open shards, and compare them with the manifest."""
        found = {number: self._directory(number) for number in shards}
        return {
            number: ShardFacts(shard.stored_whole, shard.index_bytes, shard.fingerprint)
            for number, shard in found.items()
        }

    def search(
        self, starts: dict[int, int], queries: np.ndarray, k: int, backend: str
    ) -> tuple[np.ndarray, np.ndarray]:
        """Find the best k of some shards, by score, then row.

        Parameters
        ----------
        starts : dict of int to int
            First row of each shard.
        queries : ndarray (B, d)
            Query embeddings.
        k, backend
            See `IndexDirectory.open`.

        Returns
        -------
        scores : ndarray (B, k)
            Falling; minus infinity where the shards have fewer than k.
        rows : ndarray (B, k)
            Rows of the whole index; -1 where there are fewer.

        Raises
        ------
        InputError
            If a score is not a number: the shard is named.
        """
        wanted = torch.from_numpy(queries.copy())
        found = []
        for number, start in starts.items():
            index = self._index(number, backend)
            scores, rows = index.search(wanted, k)
            if scores.isnan().any() and wanted.isfinite().all():
                raise InputError(
                    f"{self._place(number)}/index: scores are not numbers; copy this shard again, or encode again"
                )
            found.append((scores, torch.where(rows < 0, rows, rows + start)))
        scores, rows = merged(found, k)
        return scores.numpy(), rows.numpy()

    def vectors(self, rows: dict[int, np.ndarray], backend: str) -> dict[int, np.ndarray]:
        """Vectors (n, d) of the rows (n,) of each shard, counted within it."""
        return {
            number: self._index(number, backend).vectors(torch.from_numpy(wanted.copy())).numpy()
            for number, wanted in rows.items()
        }

    def lengths(self, shards: dict[int, None], backend: str) -> dict[int, VectorLengths]:
        """Look at all vectors of shards."""
        return {number: vector_lengths(self._index(number, backend)) for number in shards}

    def docids(self, rows: dict[int, list[int]]) -> dict[int, list[str]]:
        """Ids of the documents in some rows of each shard, counted within it."""
        return {
            number: [self._directory(number).docids[row] for row in wanted] for number, wanted in rows.items()
        }

    def rows(self, starts: dict[int, int], docids: frozenset[str]) -> dict[str, int]:
        """Rows, of the whole index, of those of some documents that lie in shards."""
        return {
            docid: row
            for number, start in starts.items()
            for row, docid in enumerate(self._directory(number).docids, start)
            if docid in docids
        }

    def id_sums(self, shards: dict[int, None], part: int, parts: int) -> np.ndarray:
        """Sums, sorted, of the document ids of shards: those that fall into one of so many equal parts of all sums."""
        size = 2**64 // parts + 1
        limits = np.array([min(part * size, 2**64 - 1), min((part + 1) * size, 2**64 - 1)], np.uint64)
        kept = []
        for number in shards:
            sums = self._id_sums(number)
            first, last = np.searchsorted(sums, limits)
            kept.append(sums[first : len(sums) if part == parts - 1 else last])
        return np.sort(np.concatenate(kept))

    def of_id_sums(self, shards: dict[int, None], sums: set[int]) -> list[tuple[str, int]]:
        """Document ids that have one of the sums, with the shard of each."""
        return [
            (docid, number)
            for number in shards
            for docid in self._directory(number).docids
            if id_sum(docid) in sums
        ]

    def _id_sums(self, number: int) -> np.ndarray:
        if number not in self.ids:
            sums = (id_sum(docid) for docid in self._directory(number).docids)
            self.ids[number] = np.sort(np.fromiter(sums, np.uint64))
        return self.ids[number]

    def _directory(self, number: int) -> IndexDirectory:
        if number not in self.directories:
            self.directories[number] = open_shard(self.path, self.manifest, number)
        return self.directories[number]

    def _index(self, number: int, backend: str) -> DenseIndex:
        if (number, backend) not in self.opened:
            try:
                opened = self._directory(number).open(backend, device=self.device)
            except torch.OutOfMemoryError:
                raise InputError(
                    f"{self._place(number)}/index: does not fit the GPU beside this worker's other shards; take more "
                    "GPUs, `search_backend` exact-bf16, or leave `ray_device` out"
                ) from None
            self.opened[number, backend] = opened
        return self.opened[number, backend]

    def _place(self, number: int) -> Path:
        return self.path / SHARDS / shard_name(number)


def id_sum(docid: str) -> int:
    """A number of 64 bits that two document ids hardly ever share."""
    return int.from_bytes(hashlib.blake2b(docid.encode(), digest_size=ID_BYTES).digest())
