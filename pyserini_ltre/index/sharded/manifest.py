"""``manifest.json`` of a sharded index: what its shards are, in the order of their rows."""

import hashlib
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import faiss

from pyserini_ltre.errors import InputError
from pyserini_ltre.index.directory import EncoderRecord, IndexDirectory, read_record
from pyserini_ltre.json_files import check_shape, read_json, write_json

MANIFEST = "manifest.json"
SHARDS = "shards"
FILES = ("index", "docid")
OPTIONAL = "encoder.json"
METRICS = {faiss.METRIC_INNER_PRODUCT: "inner product", faiss.METRIC_L2: "Euclidean distance"}
REMEDY = "copy the sharded index again, or shard again"
SHAPE = {
    "dimension": int,
    "metric": str,
    "shards": [{"rows": int, "files": {str: {"bytes": int, "sha256": str}}}],
    "encoder?": dict,
}


@dataclass(frozen=True)
class Manifest:
    """What a sharded index consists of.

    Attributes
    ----------
    dimension : int
        Size of the vectors.
    metric : str
        What FAISS computes, one of `METRICS`.
    shards : list of dict
        Of each shard, ``rows``, and ``files``: of each file of it, ``bytes`` and ``sha256``.
    encoder : EncoderRecord, optional
        What made the vectors of all shards.
    """

    dimension: int
    metric: str
    shards: list[dict[str, Any]]
    encoder: EncoderRecord | None


def is_sharded(directory: Path) -> bool:
    """Whether a directory is a sharded index, or what is left of one."""
    if (directory / "index").exists():
        return False
    return (directory / MANIFEST).exists() or (directory / SHARDS).is_dir()


def shard_name(number: int) -> str:
    """Name of the folder of a shard; the first is number 0."""
    return f"{number:05d}"


def read_manifest(directory: Path) -> Manifest:
    """Read the manifest of a sharded index; an `InputError` says if it is missing, or of another shape."""
    file = directory / MANIFEST
    if not file.is_file():
        raise InputError(f"{file} is missing; {REMEDY}")
    content = read_json(file, REMEDY)
    check_shape(content, SHAPE, file, REMEDY)
    for number, shard in enumerate(content["shards"]):
        if not {*FILES} <= shard["files"].keys() <= {*FILES, OPTIONAL}:
            raise InputError(f"{file}: shard {shard_name(number)} has to have index and docid; {REMEDY}")
        if shard["rows"] < 1:
            raise InputError(f"{file}: shard {shard_name(number)} has no rows; {REMEDY}")
    if not content["shards"]:
        raise InputError(f"{file}: no shards; {REMEDY}")
    if content["metric"] not in METRICS.values():
        raise InputError(f"{file}: metric has to be {' or '.join(METRICS.values())}; {REMEDY}")
    record = read_record(content["encoder"], file, REMEDY) if "encoder" in content else None
    return Manifest(content["dimension"], content["metric"], content["shards"], record)


def write_manifest(directory: Path, shards: list[IndexDirectory]) -> None:
    """Write the manifest of shards that lie in a directory, all made alike."""
    records = [shard.record for shard in shards]
    lines = hashlib.sha256()
    for shard in shards:
        lines.update((shard.path / "docid").read_bytes())
    content: dict[str, Any] = {
        "dimension": shards[0].dimension,
        "metric": METRICS[shards[0].faiss_index.metric_type],
        "shards": [{"rows": len(shard.docids), "files": _sums(shard.path)} for shard in shards],
    }
    if records[0] is not None:
        whole = {"documents": sum(len(shard.docids) for shard in shards), "docid_sha256": lines.hexdigest()}
        content["encoder"] = {**records[0].content(), **whole}
    write_json(directory / MANIFEST, content)


def sha256(file: Path) -> str:
    """SHA-256 of a file, in hexadecimal."""
    with open(file, "rb") as content:
        return hashlib.file_digest(content, "sha256").hexdigest()


def _sums(shard: Path) -> dict[str, dict[str, Any]]:
    files = [shard / name for name in (*FILES, OPTIONAL) if (shard / name).is_file()]
    return {file.name: {"bytes": file.stat().st_size, "sha256": sha256(file)} for file in files}
