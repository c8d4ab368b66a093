"""A shard of a sharded index, compared with what the manifest says of it."""

from pathlib import Path

from pyserini_ltre.errors import InputError
from pyserini_ltre.index.directory import IndexDirectory
from pyserini_ltre.index.record import EncoderRecord
from pyserini_ltre.index.sharded.manifest import METRICS, REMEDY, SHARDS, Manifest, sha256, shard_name


def open_shard(path: Path, manifest: Manifest, number: int) -> IndexDirectory:
    """Open a shard of a sharded index; an `InputError` says how it is not the one of the manifest."""
    expected = manifest.shards[number]
    place = path / SHARDS / shard_name(number)
    fault = missing_file(path, manifest, number)
    if fault is not None:
        raise InputError(f"{fault}; {REMEDY}")
    shard = IndexDirectory(place)
    actual = {
        "rows": (len(shard.docids), expected["rows"]),
        "dimensions": (shard.dimension, manifest.dimension),
        "metric": (METRICS.get(shard.faiss_index.metric_type, "another"), manifest.metric),
    }
    for name, (found, wanted) in actual.items():
        if found != wanted:
            raise InputError(f"{place}: {name} {found}, but {wanted} in manifest.json; {REMEDY}")
    if _maker(shard.record) != _maker(manifest.encoder):
        raise InputError(f"{place}/encoder.json: another encoder than in manifest.json; {REMEDY}")
    # Of the small file, which has been read: that is how a shard that lies there twice is noticed.
    if sha256(place / "docid") != expected["files"]["docid"]["sha256"]:
        raise InputError(f"{place}/docid: not the file of manifest.json (sha256); {REMEDY}")
    return shard


def missing_file(path: Path, manifest: Manifest, number: int) -> str | None:
    """The first file of a shard that is not there, or not of the size in the manifest, and which of these it is."""
    place = path / SHARDS / shard_name(number)
    for name, file in manifest.shards[number]["files"].items():
        size = (place / name).stat().st_size if (place / name).is_file() else None
        if size != file["bytes"]:
            fault = "missing" if size is None else f"{size} bytes, {file['bytes']} in manifest.json"
            return f"{place}/{name}: {fault}"
    return None


def missing_files(path: Path, manifest: Manifest) -> dict[int, str]:
    """The shards that do not lie there whole, by number, and what is wrong with each."""
    faults = {number: missing_file(path, manifest, number) for number in range(len(manifest.shards))}
    return {number: fault for number, fault in faults.items() if fault is not None}


def _maker(record: EncoderRecord | None) -> dict[str, object] | None:
    """What a record says of the encoder, and not of the documents."""
    if record is None:
        return None
    of_documents = ("documents", "docid_sha256")
    return {name: value for name, value in record.content().items() if name not in of_documents}
