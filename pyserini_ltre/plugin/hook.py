"""Hand each Pyserini module that we change to its patch, when and only when it is imported.

The start-up file (`pyserini_ltre.pth`) puts a finder in front of `sys.meta_path` in every interpreter, and
that finder imports this module as soon as anything of Pyserini is imported. From Python 3.15 on,
`pyserini_ltre.start` calls `install` in every interpreter instead, so nothing that costs time is imported.
"""

from __future__ import annotations

import os
import sys

TYPE_CHECKING = False
if TYPE_CHECKING:  # typing itself would cost time
    from collections.abc import Callable, Iterator
    from importlib.machinery import ModuleSpec
    from types import ModuleType
    from typing import Any

# Module -> where in this package its patch is, and the patch's name; the package's docstring says what each is for.
# A patch is a generator function: what precedes its `yield` comes before the module is executed, the rest after.
HOOKED = {
    "jnius": ("java", "before_the_jvm_starts"),
    "pyserini.pyclass": ("java", "before_java_classes"),
    "pyserini.2cr": ("reproductions", "with_ltre"),
    "pyserini.prebuilt_index_info": ("catalogue", "offline_catalogue"),
    "pyserini.encode": ("encoders", "encoder_names"),
    "pyserini.encode._openai": ("openai_key", "placeholder_key"),
    "pyserini.encode.optional._faiss": ("document_vectors", "checked_dimension"),
    "pyserini.output_writer": ("dense_search", "faster_run_files"),
    "pyserini.search._base": ("topics", "registered_topics_and_qrels"),
    "pyserini.search.faiss": ("dense_search", "faster_with_ours"),
    "pyserini.search.faiss._searcher": ("indexes", "registered_dense_indexes"),
    "pyserini.search.lucene._hnsw_searcher": ("lucene_vectors", "lucene_vectors_with_ours"),
    "pyserini.search.lucene._searcher": ("indexes", "registered_lucene_indexes"),
    "pyserini.server.search_controller": ("servers", "registered_indexes_in_servers"),
}


def find_spec(name: str, path: Any = None, target: Any = None) -> ModuleSpec | None:
    """Find a module as the other finders do, and have its patch run around its execution.

    Parameters
    ----------
    name : str
        Full name of the module.
    path, target : object
        As the import system gives them to a finder.

    Returns
    -------
    ModuleSpec or None
        None for a module that we do not change: the import system then asks the next finder.
    """
    if name not in HOOKED or os.environ.get("PYSERINI_LTRE_DISABLE", "0") not in ("", "0"):
        return None
    for finder in sys.meta_path:
        if not _is_ours(finder) and hasattr(finder, "find_spec"):
            spec = finder.find_spec(name, path, target)
            if spec is not None:
                break
    else:
        return None
    if hasattr(spec.loader, "exec_module"):
        _patch_around_execution(spec, spec.loader)
    return spec


def install() -> None:
    """Put the finder in front of `sys.meta_path`, unless the start-up file has done so."""
    if not any(_is_ours(finder) for finder in sys.meta_path):
        sys.meta_path.insert(0, PyseriniLtreFinder)


class PyseriniLtreFinder:
    """The finder; the start-up file makes one of the same name, by which `_is_ours` knows both."""

    find_spec = staticmethod(find_spec)


def _is_ours(finder: Any) -> bool:
    return getattr(finder, "__name__", None) == PyseriniLtreFinder.__name__


def _patch_around_execution(spec: ModuleSpec, original: Any) -> None:
    import copy

    # A copy, because a loader may serve several modules; of its type, because others ask loaders for more.
    loader = copy.copy(original)

    def exec_module(module: ModuleType) -> None:
        patch = guarded(spec.name, lambda: _started(spec.name, module))
        try:
            original.exec_module(module)
        except BaseException:
            if patch is not None:
                patch.close()
            raise
        if patch is not None:
            guarded(spec.name, lambda: next(patch, None))

    loader.exec_module = exec_module
    spec.loader = loader


def _started(name: str, module: ModuleType) -> Iterator[None]:
    import importlib

    patch_module, function = HOOKED[name]
    patch = getattr(importlib.import_module(f"pyserini_ltre.plugin.{patch_module}"), function)(module)
    next(patch)
    return patch


def strict() -> bool:
    """Whether errors are asked for where Pyserini would go on without us."""
    return os.environ.get("PYSERINI_LTRE_STRICT", "0") not in ("", "0")


def guarded(name: str, step: Callable[[], Any]) -> Any:
    """Take a step that relies on a module of Pyserini; if it fails, warn, and let Pyserini go on without it.

    Returns what the step returns, and None if it fails, unless `PYSERINI_LTRE_STRICT=1` asks for the error.
    """
    from pyserini_ltre.errors import InputError, remark
    from pyserini_ltre.plugin.command import one_line_in_commands

    try:
        with one_line_in_commands():
            return step()
    except InputError:
        raise
    except Exception as error:
        if strict():
            raise
        remark(
            f"{name} is not as expected, Pyserini goes on without our change of it "
            f"({type(error).__name__}: {error}); PYSERINI_LTRE_STRICT=1 shows where",
            RuntimeWarning,
        )
        return None
