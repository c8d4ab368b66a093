"""Registered dense indexes, and our encoders for them, in Pyserini's REST and MCP servers."""

import functools
import importlib.util
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from types import ModuleType
from typing import Any, NoReturn

from pyserini_ltre.errors import InputError
from pyserini_ltre.plugin.registered import registered_path

# Stands where Pyserini keeps the name of the index that has the texts of documents.
NO_TEXTS = "(vectors only)"
UNIIR = "pyserini.encode.optional._uniir"


def registered_indexes_in_servers(module: ModuleType) -> Iterator[None]:
    """Teach `SearchController` the registered names; of documents that have no texts it gives ids and scores."""
    with _without_uniir():
        yield
    controller_class = module.SearchController
    add_index, get_document = controller_class._add_index, controller_class.get_document

    @functools.wraps(add_index)
    def add_registered_index(self: Any, config: Any) -> Any:
        path = registered_path("indexes", config.name)
        if path is None:
            return add_index(self, config)
        if not config.encoder:
            raise InputError(f"index {config.name} has vectors; name an encoder for the query, such as ltre")
        config.index_type, config.searcher = _searcher(module, path, config)
        config.base_index = NO_TEXTS
        self.indexes[config.name] = config
        return config

    @functools.wraps(get_document)
    def get_document_if_there(self: Any, docid: str, index_name: str) -> Any:
        if index_name == NO_TEXTS:
            return {}
        config = self.indexes.get(index_name)
        if config is not None and config.base_index == NO_TEXTS:
            raise InputError(
                f"index {index_name} has vectors, no texts; ask an index that has them for {docid}"
            )
        return get_document(self, docid, index_name)

    controller_class._add_index = add_registered_index
    controller_class.get_document = get_document_if_there


@contextmanager
def _without_uniir() -> Iterator[None]:
    """Let the servers be imported without UniIR's package, which Pyserini 1.x asks of everybody there, and only there.

    The stand-in leaves after it; for UniIR's encoders, made for M-BEIR's indexes only, the package is needed.
    """
    if importlib.util.find_spec("uniir_for_pyserini") is not None or UNIIR in sys.modules:
        yield
        return
    stand_in: Any = ModuleType(UNIIR)
    stand_in.UniIRQueryEncoder = _missing_uniir
    sys.modules[UNIIR] = stand_in
    try:
        yield
    finally:
        del sys.modules[UNIIR]


def _missing_uniir(**unused: object) -> NoReturn:
    raise ImportError(
        "UniIR's query encoders need the package uniir-for-pyserini; install pyserini[optional]"
    )


def _searcher(module: ModuleType, path: Path, config: Any) -> tuple[str, Any]:
    """The kind of an index, as Pyserini calls it, and its searcher."""
    from pyserini_ltre.index.lucene.segments import is_lucene

    if not is_lucene(path):
        return "faiss", module.FaissSearcher.from_prebuilt_index(config.name, config.encoder)
    # HNSW indexes have a file of the graph beside the vectors.
    if any(path.glob("*.vex")):
        searcher = module.LuceneHnswDenseSearcher.from_prebuilt_index(
            config.name, ef_search=config.ef_search or 100, encoder=config.encoder
        )
        return "lucene_hnsw", searcher
    searcher = module.LuceneFlatDenseSearcher.from_prebuilt_index(config.name, encoder=config.encoder)
    return "lucene_flat", searcher
