"""Registered names for `--index`, and a check that an index and one of our encoders belong together."""

import functools
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from types import ModuleType
from typing import TYPE_CHECKING, Any

from pyserini_ltre.encode.pairing import warn_of_another_index
from pyserini_ltre.errors import InputError
from pyserini_ltre.plugin.command import one_line_in_commands
from pyserini_ltre.plugin.encoders import is_ours
from pyserini_ltre.plugin.feedback import check_method, give_vectors_back
from pyserini_ltre.plugin.registered import registered_path
from pyserini_ltre.registry import load

if TYPE_CHECKING:
    from pyserini_ltre.index.directory import IndexDirectory


def registered_dense_indexes(module: ModuleType) -> Iterator[None]:
    """Teach `FaissSearcher` the registered names, and have it check the index when the encoder is ours."""
    yield
    searcher_class = module.FaissSearcher
    from_prebuilt_index = searcher_class.from_prebuilt_index.__func__
    load_index = searcher_class.load_index

    @functools.wraps(from_prebuilt_index)
    def from_name(cls: type, prebuilt_index_name: str, query_encoder: Any, *args: Any, **kwargs: Any) -> Any:
        def from_pyserini() -> Any:
            return from_prebuilt_index(cls, prebuilt_index_name, query_encoder, *args, **kwargs)

        with one_line_in_commands():
            ours = is_ours(query_encoder)
            path = registered_path("indexes", prebuilt_index_name, prebuilt=ours)
            if path is not None:
                # As for a path: given a name, Pyserini also downloads a Lucene index for the documents' text.
                searcher = cls(str(path), query_encoder, None, *args, **kwargs)
                searcher.ssearcher = None
                return searcher
            if ours:
                return prebuilt_searcher(prebuilt_index_name, from_pyserini)
        return from_pyserini()

    @functools.wraps(load_index)
    def load_checked_index(self: Any, index_dir: str) -> tuple[Any, list[str]]:
        if not is_ours(self.query_encoder):
            return load_index(self, index_dir)
        with one_line_in_commands():
            check_method()
            directory = check_index(index_dir, self.query_encoder)
            docids = directory.docids
        # The check maps the vectors, which costs nothing, but has read the docids: nobody reads them again.
        self.load_docids = lambda docid_path: [docid.rstrip() for docid in docids]
        try:
            with _read_as_opened(module, directory):
                loaded = load_index(self, index_dir)
        finally:
            del self.load_docids
        give_vectors_back(loaded[0])
        return loaded

    searcher_class.from_prebuilt_index = classmethod(from_name)
    searcher_class.load_index = load_checked_index


def registered_lucene_indexes(module: ModuleType) -> Iterator[None]:
    """Teach `LuceneSearcher` the registered names, so that the sparse half of a hybrid can have one."""
    yield
    searcher_class = module.LuceneSearcher
    from_prebuilt_index = searcher_class.from_prebuilt_index.__func__

    @functools.wraps(from_prebuilt_index)
    def from_name(cls: type, prebuilt_index_name: str, *args: Any, **kwargs: Any) -> Any:
        with one_line_in_commands():
            path = registered_path("indexes", prebuilt_index_name)
        if path is not None:
            return cls(str(path))
        return from_prebuilt_index(cls, prebuilt_index_name, *args, **kwargs)

    searcher_class.from_prebuilt_index = classmethod(from_name)


def check_index(index_dir: str, encoder: Any) -> "IndexDirectory":
    """Check, before it is searched, that an index is complete and fits the encoder.

    Parameters
    ----------
    index_dir : str
        Directory of a dense index.
    encoder : LtreQueryEncoder
        One of our query encoders. If it was trained for another index, a warning says so.

    Returns
    -------
    IndexDirectory
        The index, opened.

    Raises
    ------
    InputError
        If a file is missing or unreadable, there are not as many docids as vectors, or the dimensions differ.
    """
    from pyserini_ltre.index.directory import IndexDirectory
    from pyserini_ltre.index.sharded.directory import ShardedDirectory
    from pyserini_ltre.index.sharded.manifest import is_sharded

    directory = ShardedDirectory(index_dir) if is_sharded(Path(index_dir)) else IndexDirectory(index_dir)
    check_size(index_dir, directory.dimension, encoder)
    model = getattr(getattr(encoder, "encoder", None), "name", None)
    if model is not None:
        warn_of_another_index(directory, Path(model))
    return directory


@contextmanager
def _read_as_opened(module: Any, directory: "IndexDirectory") -> Iterator[None]:
    """Have FAISS's `read_index` give a sharded index in one piece, with the hits and digits that one has.

    One of two levels is the one that was mapped already: its vectors are on disk because they do not fit the memory.
    """
    from pyserini_ltre.index.refine import is_refined
    from pyserini_ltre.index.sharded.directory import ShardedDirectory

    if isinstance(directory, ShardedDirectory):
        with one_line_in_commands():
            whole = directory.merged()
    elif is_refined(directory.faiss_index):
        whole = directory.faiss_index
    else:
        yield
        return
    original = module.faiss
    stand_in: Any = ModuleType("faiss")
    stand_in.__dict__.update(vars(original))
    stand_in.read_index = lambda path: whole
    module.faiss = stand_in
    try:
        yield
    finally:
        module.faiss = original


def check_size(index_dir: str, dimension: int, encoder: Any) -> None:
    """Refuse an encoder whose embeddings have another size than the vectors of an index."""
    if dimension != encoder.dimension:
        raise InputError(
            f"{index_dir} has vectors of {dimension} dimensions, the encoder makes {encoder.dimension}; "
            "use an encoder that was trained for this index"
        )


def prebuilt_searcher(name: str, from_pyserini: Callable[[], Any]) -> Any:
    """Make a searcher for a name that is not registered; an `InputError` says if Pyserini does not know it either."""
    # By itself, Pyserini returns None for a name that it does not know, and its commands end with status 0.
    own = (known for known, entry in load()["indexes"].items() if not entry.get("prebuilt"))
    known = ", ".join(sorted(own)) or "none yet"
    problem = f"{name} is neither an index directory nor a registered index (registered: {known})"
    try:
        searcher = from_pyserini()
    except OSError as error:
        raise InputError(
            f"{problem}, and Pyserini's catalogue cannot be asked ({error}); correct it"
        ) from error
    if searcher is None:
        raise InputError(f"{problem} nor a prebuilt index of Pyserini; correct it")
    return searcher
