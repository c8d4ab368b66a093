"""A collection to an index directory, with its ``encoder.json``."""

import os
from contextlib import nullcontext

import faiss

from pyserini_ltre.cluster import connected
from pyserini_ltre.collection import Collection, open_collection
from pyserini_ltre.encode.backends import Backend, Precision, choose
from pyserini_ltre.encode.document_stream import DocumentStream
from pyserini_ltre.encode.model import BiEncoder
from pyserini_ltre.encode.remote import RemoteStream
from pyserini_ltre.encode.shards import encode_in_shards
from pyserini_ltre.errors import InputError
from pyserini_ltre.files import check_output_directory
from pyserini_ltre.index import open_directory
from pyserini_ltre.index.directory import IndexDirectory
from pyserini_ltre.index.sharded.convert import first_rows
from pyserini_ltre.index.writing import check_docids, write_index_directory


def encode_collection(
    collection: Collection | str | os.PathLike[str],
    encoder: BiEncoder | str | os.PathLike[str],
    output: str | os.PathLike[str],
    batch_size: int = 16,
    precision: Precision = "fp32",
    overwrite: bool = False,
    progress: bool = True,
    backend: Backend = "torch",
    shards: int | None = None,
    ray: str | None = None,
) -> IndexDirectory:
    """Encode every document of a collection into a flat index.

    Parameters
    ----------
    collection : Collection or str
        The documents; what `open_collection` takes.
    encoder : BiEncoder, str or path
        The document encoder; a path or hub name is loaded.
    output : path
        Index directory to write, whole or not at all.
    batch_size : int
        Documents a batch.
    precision : {"fp32", "bf16", "int8", "auto"}
        Arithmetic (``auto``: bf16 where the device has it); the vectors are float32.
    overwrite : bool
        Whether a directory that is not empty may be replaced.
    progress : bool
        Whether to show a bar.
    backend : {"torch", "openvino", "onnx", "auto"}
        What computes; see `pyserini_ltre.encode.backends.choose`.
    shards : int, optional
        Write a sharded index of so many shards, with the memory of one. Whole shards are kept in ``OUTPUT.shards``
        until all are there: after a kill, the same call encodes those that are missing.
    ray : str, optional
        Encode on the processors of a Ray cluster, one thread each; its address, see `pyserini_ltre.cluster.connected`.

    Returns
    -------
    IndexDirectory
        What was written.

    Raises
    ------
    InputError
        If a document or its id cannot be used, a vector is not finite, or `output` may not be written.
    """
    check_output_directory(output, overwrite)
    source = open_collection(str(collection)) if isinstance(collection, str | os.PathLike) else collection
    # Read twice: whatever is wrong is found before anything is encoded, and the texts need not fit in memory.
    docids = [document.docid for document in source.documents()]
    check_docids(docids)
    if shards is not None:
        first_rows(len(docids), shards)
    encoder = encoder if isinstance(encoder, BiEncoder) else BiEncoder.load(encoder)
    forward = choose(encoder, backend, precision, len(docids))
    if ray is not None and encoder.device.type != "cpu":
        raise InputError("`ray` encodes on processors; leave it, or `device`, out")
    kind = DocumentStream if ray is None else RemoteStream
    stream = kind(source, docids, encoder, forward, batch_size, progress)
    with nullcontext() if ray is None else connected(ray):
        _write(stream, output, shards, overwrite)
    return open_directory(output)


def _write(
    stream: DocumentStream, output: str | os.PathLike[str], shards: int | None, overwrite: bool
) -> None:
    if shards is not None:
        encode_in_shards(stream, output, shards, overwrite)
        return
    index = faiss.IndexFlatIP(stream.encoder.dimension)
    for _, vectors in stream.vectors():
        index.add(vectors)
    write_index_directory(output, index, stream.docids, stream.record, overwrite)
