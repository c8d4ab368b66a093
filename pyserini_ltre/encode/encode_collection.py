"""A collection to an index directory, with its ``encoder.json``."""

import os

import faiss
import numpy as np

from pyserini_ltre.collection import Collection, open_collection
from pyserini_ltre.encode.backends import Backend, Precision, choose
from pyserini_ltre.encode.batching import encode_stream
from pyserini_ltre.encode.model import BiEncoder
from pyserini_ltre.encode.settings import document_text
from pyserini_ltre.errors import InputError
from pyserini_ltre.files import check_output_directory
from pyserini_ltre.index.directory import IndexDirectory, check_docids, write_index_directory


def encode_collection(
    collection: Collection | str | os.PathLike[str],
    encoder: BiEncoder | str | os.PathLike[str],
    output: str | os.PathLike[str],
    batch_size: int = 16,
    precision: Precision = "fp32",
    overwrite: bool = False,
    progress: bool = True,
    backend: Backend = "torch",
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
    encoder = encoder if isinstance(encoder, BiEncoder) else BiEncoder.load(encoder)
    forward = choose(encoder, backend, precision, len(docids))
    index = faiss.IndexFlatIP(encoder.dimension)
    form = encoder.settings.document_form
    texts = (document_text(document.title or None, document.text, form) for document in source.documents())
    for vectors in encode_stream(
        encoder, texts, "document", batch_size, progress=progress, total=len(docids), backend=forward
    ):
        if not np.isfinite(vectors).all():
            bad = docids[index.ntotal + int(np.argmin(np.isfinite(vectors).all(axis=1)))]
            raise InputError(
                f"{encoder.name}: the vector of document {bad} is not finite; give an encoder whose weights are sound"
            )
        index.add(vectors)
    computed = {"backend": forward.backend, "precision": forward.precision}
    write_index_directory(output, index, docids, {**encoder.document_record(), **computed}, overwrite)
    return IndexDirectory(output)
