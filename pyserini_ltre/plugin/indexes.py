"""Registered names for `--index`, and a check that an index and one of our encoders belong together."""

import functools
from collections.abc import Iterator
from types import ModuleType
from typing import Any

from pyserini_ltre.errors import InputError
from pyserini_ltre.plugin.command import one_line_in_commands
from pyserini_ltre.registry import is_encoder_name, load, path_of


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
            path = path_of("indexes", prebuilt_index_name)
            if path is not None:
                # As for a path: told a name, Pyserini also downloads a Lucene index for the documents' text.
                searcher = cls(str(path), query_encoder, None, *args, **kwargs)
                searcher.ssearcher = None
                return searcher
            return found(prebuilt_index_name, from_pyserini) if _is_ours(query_encoder) else from_pyserini()

    @functools.wraps(load_index)
    def load_checked_index(self: Any, index_dir: str) -> tuple[Any, list[str]]:
        if _is_ours(self.query_encoder):
            with one_line_in_commands():
                check_index(index_dir, self.query_encoder.dimension)
        return load_index(self, index_dir)

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
            path = path_of("indexes", prebuilt_index_name)
        if path is not None:
            return cls(str(path))
        return from_prebuilt_index(cls, prebuilt_index_name, *args, **kwargs)

    searcher_class.from_prebuilt_index = classmethod(from_name)


def check_index(index_dir: str, dimension: int) -> None:
    """Check, before it is searched, that an index is complete and fits the encoder.

    Parameters
    ----------
    index_dir : str
        Directory of a dense index.
    dimension : int
        Size of the vectors that the query encoder makes.

    Raises
    ------
    InputError
        If a file is missing or unreadable, there are not as many docids as vectors, or the dimensions differ.
    """
    from pyserini_ltre.index.directory import IndexDirectory

    index = IndexDirectory(index_dir).index
    if index.d != dimension:
        raise InputError(
            f"{index_dir} has vectors of {index.d} dimensions, the encoder makes {dimension}; "
            "use an encoder that was trained for this index"
        )


def found(name: str, from_pyserini: Any) -> Any:
    """Make the searcher of a prebuilt index, for one of our encoders.

    Parameters
    ----------
    name : str
        What was given as index; neither an existing path nor a registered name.
    from_pyserini : callable
        Makes Pyserini's searcher, or returns None if it does not know the name.

    Raises
    ------
    InputError
        If Pyserini does not know the name (by itself, it ends with status 0), or cannot ask its catalogue.
    """
    known = ", ".join(sorted(load()["indexes"])) or "none yet"
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


def _is_ours(encoder: Any) -> bool:
    return is_encoder_name(encoder) or type(encoder).__module__.startswith("pyserini_ltre.")
