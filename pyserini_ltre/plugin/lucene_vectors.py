"""Lucene's search in dense vectors with our query encoders: `pyserini.search.lucene --dense --flat|--hnsw`.

Pyserini's searchers leave encoding to Java, which has the encoders that Anserini was built with, or take a query
that is a vector already, written as a JSON array. With one of our encoders, each query becomes such an array.
"""

import functools
import inspect
import json
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from types import ModuleType
from typing import Any

import numpy as np

from pyserini_ltre.encode.pairing import warn_of_another_index
from pyserini_ltre.errors import InputError
from pyserini_ltre.plugin.command import one_line_in_commands
from pyserini_ltre.plugin.command_variables import argument
from pyserini_ltre.plugin.dense_search import upcoming
from pyserini_ltre.plugin.encoders import make_query_encoder
from pyserini_ltre.plugin.indexes import check_size, prebuilt_searcher
from pyserini_ltre.plugin.registered import registered_path
from pyserini_ltre.registry import is_encoder_name, paired_index


def lucene_vectors_with_ours(module: ModuleType) -> Iterator[None]:
    """Give the searchers of dense vectors our encoders, and the registered names."""
    yield
    for searcher_class in (module.LuceneFlatDenseSearcher, module.LuceneHnswDenseSearcher):
        _encode_with_ours(searcher_class)
        _know_registered_names(searcher_class)


def check_lucene_index(index_dir: str, encoder: Any) -> None:
    """Check, before it is searched, that a Lucene index has vectors and fits the encoder.

    Parameters
    ----------
    index_dir : str
        Directory of the index.
    encoder : LtreQueryEncoder
        One of our query encoders. If it was trained for another index, a warning says so.

    Raises
    ------
    InputError
        If it has no vectors, or of another size.
    """
    from pyserini_ltre.index.lucene.directory import LuceneDirectory, damage_explained
    from pyserini_ltre.index.lucene.segments import read_segments
    from pyserini_ltre.index.lucene.vectors import vector_field

    with damage_explained(index_dir):
        for segment in read_segments(Path(index_dir)):
            check_size(index_dir, vector_field(segment).dimension, encoder)
    model = Path(encoder.encoder.name)
    if paired_index(model) is not None:
        try:
            warn_of_another_index(LuceneDirectory(index_dir), model)
        except InputError:
            return  # Lucene searches kinds of indexes that we cannot train on.


def _encode_with_ours(searcher_class: Any) -> None:
    init, search, batch_search = searcher_class.__init__, searcher_class.search, searcher_class.batch_search
    signature = inspect.signature(init)
    if not {"index_dir", "encoder"} <= signature.parameters.keys():
        raise TypeError(f"{searcher_class.__name__} takes other arguments than it used to")

    @functools.wraps(init)
    def init_with_ours(self: Any, *args: Any, **kwargs: Any) -> None:
        given = signature.bind(self, *args, **kwargs)
        # The command has an `--encoder` that it does not use, and hands on `--onnx-encoder`.
        name = given.arguments.get("encoder") or argument("encoder")
        self.query_encoder = None
        if is_encoder_name(name):
            given.arguments["encoder"] = None
            with one_line_in_commands():
                self.query_encoder = make_query_encoder(name)
                check_lucene_index(given.arguments["index_dir"], self.query_encoder)
                with _catalogue_explained(given.arguments["index_dir"]):
                    init(*given.args, **given.kwargs)
        else:
            init(*given.args, **given.kwargs)

    @functools.wraps(search)
    def search_with_ours(self: Any, q: Any, *args: Any, **kwargs: Any) -> Any:
        if self.query_encoder is not None and isinstance(q, str):
            q = _array(upcoming(self).vector(q))
        return search(self, q, *args, **kwargs)

    @functools.wraps(batch_search)
    def batch_search_with_ours(self: Any, queries: Any, *args: Any, **kwargs: Any) -> Any:
        if self.query_encoder is not None:
            queries = [_array(vector) for vector in self.query_encoder.encode_batch(queries)]
        return batch_search(self, queries, *args, **kwargs)

    searcher_class.__init__ = init_with_ours
    searcher_class.search, searcher_class.batch_search = search_with_ours, batch_search_with_ours


@contextmanager
def _catalogue_explained(index_dir: str) -> Iterator[None]:
    """Say in one line that Pyserini 2.x opens no index, not even one of this machine, without its catalogue."""
    from jnius import JavaException

    try:
        yield
    except JavaException as error:
        # Java fails to initialise the classes of the catalogue, and the next time only says so.
        if "io.anserini.index.prebuilt." not in str(error) or not error.classname.endswith("Error"):
            raise
        raise InputError(
            f"{index_dir}: Pyserini 2 opens an index of vectors with its catalogue of indexes only, and cannot get it "
            "from api.github.com; connect to that, or put the vectors into a FAISS index for pyserini.search.faiss"
        ) from error


def _know_registered_names(searcher_class: Any) -> None:
    from_prebuilt_index = searcher_class.from_prebuilt_index.__func__
    signature = inspect.signature(from_prebuilt_index)
    known = inspect.signature(searcher_class.__init__).parameters

    @functools.wraps(from_prebuilt_index)
    def from_name(cls: type, prebuilt_index_name: str, *args: Any, **kwargs: Any) -> Any:
        def from_pyserini() -> Any:
            return from_prebuilt_index(cls, prebuilt_index_name, *args, **kwargs)

        options = signature.bind(cls, prebuilt_index_name, *args, **kwargs).arguments
        with one_line_in_commands():
            ours = is_encoder_name(options.get("encoder") or argument("encoder"))
            path = registered_path("indexes", prebuilt_index_name, prebuilt=ours)
            if path is not None:
                return cls(str(path), **{name: value for name, value in options.items() if name in known})
            if ours:
                return prebuilt_searcher(prebuilt_index_name, from_pyserini)
        return from_pyserini()

    searcher_class.from_prebuilt_index = classmethod(from_name)


def _array(vector: np.ndarray) -> str:
    """A vector (d,) as Anserini reads it; each number is written in full, so that it stays the same float32."""
    return json.dumps(vector.tolist())
