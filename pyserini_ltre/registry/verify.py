"""Whether what the registry names is there, whole, and what it should be."""

import hashlib
from pathlib import Path

from pyserini_ltre.errors import InputError
from pyserini_ltre.registry.download import check_sum
from pyserini_ltre.registry.entries import load
from pyserini_ltre.registry.registry_file import Entry
from pyserini_ltre.registry.sources import local_path, location, used_where_it_lies


def verify(section: str, name: str, entry: Entry) -> str | None:
    """Check one entry, and read what stands behind it.

    Parameters
    ----------
    section : {"encoders", "indexes", "topics", "qrels"}
        Which kind of name it is.
    name : str
        The name.
    entry : dict
        Its entry.

    Returns
    -------
    str or None
        What was found, in a few words; None if nothing stands behind the name yet, or it is not fetched yet.

    Raises
    ------
    InputError
        If the entry cannot be used, or what it names is missing, incomplete or damaged.
    """
    place = location(section, name, entry)
    if section == "encoders" and entry.get("index", name) not in (name, *load()["indexes"]):
        raise InputError(f"no index is registered as {entry['index']}; register it, or correct the entry")
    if place is None:
        return None
    if not place.exists():
        if used_where_it_lies(entry):
            raise InputError(f"{place} does not exist; make it again, or remove the entry")
        archive = local_path(entry)
        if archive is not None:
            if not archive.is_file():
                raise InputError(f"{archive} does not exist; make it again, or remove the entry")
            check_sum(archive, str(archive), entry.get("size"), entry.get("md5"))
        return None
    if place.is_file() and "url" in entry:
        check_sum(place, str(place), entry.get("size"), entry.get("md5"))
    return {"indexes": _index, "encoders": _encoder, "topics": _topics, "qrels": _qrels}[section](place)


def _index(directory: Path) -> str:
    if any(directory.glob("segments_*")):
        return "a Lucene index"
    from pyserini_ltre.index import IndexDirectory

    index = IndexDirectory(directory)
    record = index.record
    if record is not None:
        actual = index.dimension, index.faiss_index.ntotal, _sha256(directory / "docid")
        if (record.dimension, record.documents, record.docid_sha256) != actual:
            raise InputError(
                f"{directory}: encoder.json is of another index; encode again, or remove that file"
            )
    return f"{index.faiss_index.ntotal} vectors of {index.dimension} dimensions"


def _encoder(directory: Path) -> str:
    from pyserini_ltre.encode.model import BiEncoder

    encoder = BiEncoder.load(directory)
    return f"{type(encoder.backbone).__name__}, {encoder.dimension} dimensions"


def _topics(file: Path) -> str:
    from pyserini_ltre.collection import read_queries

    return f"{len(read_queries(file))} queries"


def _qrels(file: Path) -> str:
    from pyserini_ltre.collection import read_qrels

    return f"judgements of {len(read_qrels(file))} queries"


def _sha256(file: Path) -> str:
    with open(file, "rb") as content:
        return hashlib.file_digest(content, "sha256").hexdigest()
