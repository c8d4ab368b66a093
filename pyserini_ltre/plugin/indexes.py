"""Registered names for `--index`, and a check that an index and one of our encoders belong together."""

import functools
from collections.abc import Iterator
from pathlib import Path
from types import ModuleType
from typing import Any

from pyserini_ltre.errors import InputError
from pyserini_ltre.plugin.command import one_line_in_commands
from pyserini_ltre.plugin.pairing import warn_of_another_index
from pyserini_ltre.registry import is_encoder_name, load, lookup, path_of


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
            ours = _is_ours(query_encoder)
            path = registered_path(prebuilt_index_name, prebuilt=ours)
            if path is not None:
                # As for a path: told a name, Pyserini also downloads a Lucene index for the documents' text.
                searcher = cls(str(path), query_encoder, None, *args, **kwargs)
                searcher.ssearcher = None
                return searcher
            return found(prebuilt_index_name, from_pyserini) if ours else from_pyserini()

    @functools.wraps(load_index)
    def load_checked_index(self: Any, index_dir: str) -> tuple[Any, list[str]]:
        if _is_ours(self.query_encoder):
            with one_line_in_commands():
                check_index(index_dir, self.query_encoder)
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
            path = registered_path(prebuilt_index_name, prebuilt=False)
        if path is not None:
            return cls(str(path))
        return from_prebuilt_index(cls, prebuilt_index_name, *args, **kwargs)

    searcher_class.from_prebuilt_index = classmethod(from_name)


def registered_path(name: str, prebuilt: bool) -> Path | None:
    """Find the directory of a registered index.

    Parameters
    ----------
    name : str
        What was given as index.
    prebuilt : bool
        Whether Pyserini's own prebuilt indexes count as registered: with our encoders, which need the vectors
        and nothing else; for any other use, they stay Pyserini's business.

    Returns
    -------
    Path or None
        None if the name is not registered.
    """
    entry = lookup("indexes", name) or {}
    if entry.get("prebuilt") and "path" not in entry and not prebuilt:
        return None
    return path_of("indexes", name)


def check_index(index_dir: str, encoder: Any) -> None:
    """Check, before it is searched, that an index is complete and fits the encoder.

    Parameters
    ----------
    index_dir : str
        Directory of a dense index.
    encoder : LtreQueryEncoder
        One of our query encoders. If it was trained for another index, a warning says so.

    Raises
    ------
    InputError
        If a file is missing or unreadable, there are not as many docids as vectors, or the dimensions differ.
    """
    from pyserini_ltre.index.directory import IndexDirectory

    directory = IndexDirectory(index_dir)
    if directory.dimension != encoder.dimension:
        raise InputError(
            f"{index_dir} has vectors of {directory.dimension} dimensions, the encoder makes {encoder.dimension}; "
            "use an encoder that was trained for this index"
        )
    model = getattr(getattr(encoder, "encoder", None), "name", None)
    if model is not None:
        warn_of_another_index(directory, Path(model))


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


def _is_ours(encoder: Any) -> bool:
    return is_encoder_name(encoder) or type(encoder).__module__.startswith("pyserini_ltre.")
