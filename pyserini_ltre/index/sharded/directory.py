"""A sharded index as an index directory: for training, mining, search and compression."""

import hashlib
import os
from functools import cached_property

import faiss
import torch

from pyserini_ltre.errors import InputError
from pyserini_ltre.files import expanded
from pyserini_ltre.index.directory import BACKENDS, IndexDirectory
from pyserini_ltre.index.exact import Bfloat16Index, ExactIndex
from pyserini_ltre.index.record import EncoderRecord
from pyserini_ltre.index.seam import DenseIndex
from pyserini_ltre.index.segmented import SegmentedIndex
from pyserini_ltre.index.sharded.manifest import REMEDY, SHARDS, names_in, read_manifest, sha256, shard_name
from pyserini_ltre.index.sharded.rows import append_rows, check_kind, empty_like, reserve
from pyserini_ltre.index.sharded.shard import open_shard


class ShardedDirectory(IndexDirectory):
    """An index in shards that have been checked against their manifest; a row is one of all shards, in their order.

    Parameters
    ----------
    path : path
        Directory with ``manifest.json`` and ``shards``.

    Attributes
    ----------
    shards : list of IndexDirectory
        Each is an index directory by itself.
    docids : list of str
        A document id a row.

    Raises
    ------
    InputError
        If the manifest is not JSON or of another shape, or shards are missing, not those of the manifest, or not
        whole. The sums of the files are not checked; see `check_sums`.
    """

    def __init__(self, path: str | os.PathLike[str]) -> None:
        self.path = expanded(path).absolute()
        self.manifest = read_manifest(self.path)
        self._check_names()
        self.shards = [
            open_shard(self.path, self.manifest, number) for number in range(len(self.manifest.shards))
        ]
        self.docids = [docid for shard in self.shards for docid in shard.docids]
        record = self.manifest.encoder
        if record is not None and record.documents != len(self.docids):
            raise InputError(
                f"{self.path}/manifest.json: encoder has {record.documents} documents, the shards "
                f"have {len(self.docids)}; {REMEDY}"
            )

    def _check_names(self) -> None:
        wanted = {shard_name(number) for number in range(len(self.manifest.shards))}
        folder = self.path / SHARDS
        found = names_in(folder)
        if wanted - found:
            raise InputError(f"{folder}/{min(wanted - found)} is missing; {REMEDY}")
        if found - wanted:
            raise InputError(
                f"{folder}/{min(found - wanted)} is not in manifest.json; remove it, or shard again"
            )

    @property
    def dimension(self) -> int:
        """Size of the vectors."""
        return self.manifest.dimension

    @property
    def stored_whole(self) -> bool:
        """Whether the vectors are there as they were made, not compressed."""
        return all(shard.stored_whole for shard in self.shards)

    @property
    def index_bytes(self) -> int:
        """Size of the index files together."""
        return sum(shard.index_bytes for shard in self.shards)

    @property
    def record(self) -> EncoderRecord | None:
        """What made the vectors, if the manifest says so."""
        return self.manifest.encoder

    @cached_property
    def row_of(self) -> dict[str, int]:
        """Row number of each document id; an `InputError` says if one is there twice, and in which shards."""
        rows = {docid: row for row, docid in enumerate(self.docids)}
        if len(rows) != len(self.docids):
            twice = next(docid for row, docid in enumerate(self.docids) if rows[docid] != row)
            both = [shard.path.name for shard in self.shards for docid in shard.docids if docid == twice]
            raise InputError(
                f"{self.path}: document id {twice} is in shards {' and '.join(both[:2])}; "
                "build the index again without that"
            )
        return rows

    @cached_property
    def fingerprint(self) -> str:
        """SHA-256 of the fingerprints of the shards: another encoder's index differs."""
        return hashlib.sha256("".join(shard.fingerprint for shard in self.shards).encode()).hexdigest()

    def check_sums(self) -> None:
        """Read every file; an `InputError` names the first that is not the one of the manifest."""
        ids = hashlib.sha256()
        for shard in self.shards:
            ids.update((shard.path / "docid").read_bytes())
        if self.record is not None and self.record.docid_sha256 != ids.hexdigest():
            raise InputError(
                f"{self.path}/manifest.json: encoder is of other documents (docid_sha256); {REMEDY}"
            )
        for shard, expected in zip(self.shards, self.manifest.shards, strict=True):
            for name, file in expected["files"].items():
                if sha256(shard.path / name) != file["sha256"]:
                    raise InputError(f"{shard.path}/{name}: not the file of manifest.json (sha256); {REMEDY}")

    def merged(self) -> "faiss.Index":
        """Put all shards together, in memory: the index that they were made from, as FAISS would have read it.

        An `InputError` says if they are of a kind that cannot be put together, or do not encode alike.
        """
        first = self.shards[0]
        check_kind(first.faiss_index, first.path / "index")
        whole = empty_like(first.faiss_index)
        codebooks = faiss.serialize_index(whole).tobytes()
        reserve(whole, len(self.docids))
        for shard in self.shards:
            check_kind(shard.faiss_index, shard.path / "index")
            if faiss.serialize_index(empty_like(shard.faiss_index)).tobytes() != codebooks:
                raise InputError(f"{shard.path}/index: other codebooks than those of shard 00000; {REMEDY}")
            try:
                append_rows(whole, shard.faiss_index, 0, len(shard.docids))
            except InputError as error:
                raise InputError(f"{shard.path}/index: {error}") from None
        return whole

    def _searchable(self, backend: str | None, device: torch.device) -> DenseIndex:
        """All shards behind one of the back ends, searched one after the other."""
        if backend is None:
            backend = "exact" if self.stored_whole else "faiss"
        if backend not in BACKENDS:
            raise InputError(f"`search_backend` {backend}: use one of {', '.join(BACKENDS)}")
        if backend == "faiss":
            return SegmentedIndex([shard.open("faiss") for shard in self.shards])
        stored = SegmentedIndex([shard.open() for shard in self.shards])
        if backend == "exact-bf16":
            return Bfloat16Index(stored, device)
        if self.stored_whole and device.type == "cpu":
            return stored
        documents = torch.empty(len(stored), self.dimension, device=device)
        for shard, start in zip(self.shards, stored.starts.tolist(), strict=False):
            exact = shard.open("exact")
            for rows in torch.arange(len(exact)).split(8192):
                documents[rows + start] = exact.vectors(rows).to(device)
        return ExactIndex(documents)
