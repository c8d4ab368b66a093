"""A collection to a sharded index: shard by shard, and after a kill only the shards that are missing."""

import hashlib
import json
import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict
from itertools import islice, pairwise
from pathlib import Path
from typing import Any

import faiss

from pyserini_ltre.encode.document_stream import DocumentStream
from pyserini_ltre.encode.fingerprint import weights_fingerprint
from pyserini_ltre.errors import InputError
from pyserini_ltre.files import atomic_directory, expanded
from pyserini_ltre.index.directory import IndexDirectory
from pyserini_ltre.index.sharded.convert import first_rows
from pyserini_ltre.index.sharded.manifest import SHARDS, shard_name, write_manifest
from pyserini_ltre.index.writing import write_index_directory
from pyserini_ltre.json_files import read_json, write_json
from pyserini_ltre.unfinished import locked

# In the folder of whole shards: what they were made of, and by what.
IDENTITY = "encoding.json"
# Texts whose tokens tell tokenizers apart.
TOKENISED = 64


def encode_in_shards(
    stream: DocumentStream, output: str | os.PathLike[str], shards: int, overwrite: bool
) -> None:
    """Encode documents into a sharded index; whole shards are kept beside it until all are there.

    Parameters
    ----------
    stream : DocumentStream
        The documents, and what encodes them.
    output : path
        Directory to write, whole or not at all.
    shards : int
        How many, of contiguous rows, as equal as possible.
    overwrite : bool
        Whether a directory that is not empty may be replaced.

    Raises
    ------
    InputError
        If there are fewer documents, or the shards beside the output are of another encoding.
    """
    starts = first_rows(len(stream.docids), shards)
    with _kept_shards(expanded(output).absolute().resolve(), stream, shards) as folder:
        places = [folder / shard_name(number) for number in range(shards)]
        missing = []
        for place, (start, stop) in zip(places, pairwise(starts), strict=True):
            if not place.is_dir():
                missing.append((place, start, stop))
            elif IndexDirectory(place).docids != stream.docids[start:stop]:
                raise InputError(f"{place}/docid: not the ids of these documents; remove that folder")
        _encode_missing(stream, missing)
        with atomic_directory(output, overwrite) as partial:
            # Links cost nothing, and the shards stay where they are until the index has its name.
            for place in places:
                shutil.copytree(place, partial / SHARDS / place.name, copy_function=_link)
            write_manifest(partial, [IndexDirectory(partial / SHARDS / place.name) for place in places])
        shutil.rmtree(folder)


def _encode_missing(stream: DocumentStream, missing: list[tuple[Path, int, int]]) -> None:
    """Encode the shards that are not there, each written when it is whole."""

    def needed(start: int, stop: int) -> bool:
        return any(first < stop and start < end for _, first, end in missing)

    index = faiss.IndexFlatIP(stream.encoder.dimension)
    left = iter(missing)
    place, first, end = next(left, (Path(), 0, 0))
    for start, vectors in stream.vectors(needed):
        # A window may begin in one shard and end in another.
        while first < start + len(vectors):
            index.add(vectors[max(first - start, 0) : end - start])
            if first + index.ntotal < end:
                break
            write_index_directory(place, index, stream.docids[first:end], stream.record)
            index.reset()
            place, first, end = next(left, (Path(), len(stream.docids), 0))


@contextmanager
def _kept_shards(output: Path, stream: DocumentStream, shards: int) -> Iterator[Path]:
    """The folder of whole shards, beside the output, for one process at a time.

    An `InputError` says if it is of another encoding, or nobody knows of what.
    """
    folder = output.with_name(f"{output.name}.{SHARDS}")
    file = folder / IDENTITY
    identity = json.loads(json.dumps(_identity(stream, shards)))
    there = folder.exists() or folder.is_symlink()
    if there and not (folder.is_dir() and (file.is_file() or not any(folder.iterdir()))):
        raise InputError(f"{folder} is where shards would be kept; move it, or name another output")
    folder.mkdir(parents=True, exist_ok=True)
    with locked(folder) as free:
        if not free:
            raise InputError(f"{folder}: another process is encoding there; wait, or name another output")
        known = read_json(file) if file.is_file() else identity
        differing = [name for name in identity if identity[name] != known.get(name)]
        if differing:
            raise InputError(
                f"{folder}: its shards are of another {', '.join(differing)}; encode as then, or remove it"
            )
        write_json(file, identity)
        yield folder


def _identity(stream: DocumentStream, shards: int) -> dict[str, Any]:
    """What has to be the same, so that shards of two runs are of one encoding."""
    documents = hashlib.sha256()
    for document in stream.source.documents():
        documents.update(json.dumps([document.docid, document.title, document.text]).encode())
    tokens = stream.encoder.tokenize(list(islice(stream.texts(), TOKENISED)), "document")
    tokenised = hashlib.sha256(json.dumps([[int(token) for token in text] for text in tokens]).encode())
    return {
        "collection": documents.hexdigest(),
        "encoder": weights_fingerprint(stream.encoder),
        "tokenisation": tokenised.hexdigest(),
        "settings": {**stream.record, **asdict(stream.encoder.settings)},
        "batch size": stream.batch_size,
        "number of shards": shards,
    }


def _link(source: str, target: str) -> None:
    try:
        os.link(source, target)
    except OSError:  # a file system without links
        shutil.copyfile(source, target)
