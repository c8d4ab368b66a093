"""``manifest.json`` of a sharded index: what its shards are, in the order of their rows."""

import hashlib
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import faiss

from pyserini_ltre.errors import InputError
from pyserini_ltre.index.directory import IndexDirectory
from pyserini_ltre.index.record import EncoderRecord, read_record
from pyserini_ltre.json_files import check_shape, parse_json, read_json, write_json

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


def names_in(folder: Path) -> set[str]:
    """What lies in the folder of the shards: hidden is what somebody is writing there, or a kill has left."""
    return {path.name for path in folder.iterdir() if path.name[0] != "."} if folder.is_dir() else set()


def read_manifest(directory: Path) -> Manifest:
    """Read the manifest of a sharded index; an `InputError` says if it is missing, or of another shape."""
    file = directory / MANIFEST
    if not file.is_file():
        raise InputError(f"{file} is missing; {REMEDY}")
    return _checked(read_json(file, REMEDY), file, REMEDY)


def parse_manifest(text: str, place: str, remedy: str) -> Manifest:
    """Take the text of a manifest; an `InputError` from the place to the remedy says if it is of another shape."""
    return _checked(parse_json(text, place, remedy), place, remedy)


def _checked(content: Any, file: Path | str, remedy: str) -> Manifest:
    check_shape(content, SHAPE, file, remedy)
    for number, shard in enumerate(content["shards"]):
        if not {*FILES} <= shard["files"].keys() <= {*FILES, OPTIONAL}:
            raise InputError(f"{file}: shard {shard_name(number)} has to have index and docid; {remedy}")
        if shard["rows"] < 1:
            raise InputError(f"{file}: shard {shard_name(number)} has no rows; {remedy}")
    if not content["shards"]:
        raise InputError(f"{file}: no shards; {remedy}")
    if content["metric"] not in METRICS.values():
        raise InputError(f"{file}: metric has to be {' or '.join(METRICS.values())}; {remedy}")
    record = read_record(content["encoder"], file, remedy) if "encoder" in content else None
    return Manifest(content["dimension"], content["metric"], content["shards"], record)


def write_manifest(directory: Path, shards: list[IndexDirectory]) -> None:
    """Write the manifest of shards that lie in a directory, all made alike."""
    record = shards[0].record
    lines = hashlib.sha256()
    for shard in shards:
        lines.update((shard.path / "docid").read_bytes())
    if record is not None:
        documents = sum(len(shard.docids) for shard in shards)
        record = replace(record, documents=documents, docid_sha256=lines.hexdigest())
    manifest = Manifest(
        shards[0].dimension,
        METRICS[shards[0].faiss_index.metric_type],
        [{"rows": len(shard.docids), "files": _sums(shard.path)} for shard in shards],
        record,
    )
    write_json(directory / MANIFEST, manifest_content(manifest))


def manifest_content(manifest: Manifest) -> dict[str, Any]:
    """What the file says: what it does not know is not in it."""
    content: dict[str, Any] = {
        "dimension": manifest.dimension,
        "metric": manifest.metric,
        "shards": manifest.shards,
    }
    if manifest.encoder is not None:
        content["encoder"] = manifest.encoder.content()
    return content


def sha256(file: Path) -> str:
    """SHA-256 of a file, in hexadecimal."""
    with open(file, "rb") as content:
        return hashlib.file_digest(content, "sha256").hexdigest()


def _sums(shard: Path) -> dict[str, dict[str, Any]]:
    files = [shard / name for name in (*FILES, OPTIONAL) if (shard / name).is_file()]
    return {file.name: {"bytes": file.stat().st_size, "sha256": sha256(file)} for file in files}
