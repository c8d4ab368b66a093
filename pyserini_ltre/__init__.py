"""Learned query encoders for Pyserini: LTRe, ADORE and STAR.

Importing this package costs next to nothing: each name below is imported when it is used.

Examples
--------
>>> from pyserini_ltre import QuerySideTrainer, evaluate, search
>>> result = QuerySideTrainer(encoder, index).fit(queries, qrels)  # doctest: +SKIP
>>> evaluate(search(index, result.encoder, test_queries), test_qrels)  # doctest: +SKIP
"""

# Importing typing or importlib would cost more than all the rest.
TYPE_CHECKING = False

if TYPE_CHECKING:
    from pyserini_ltre.collection import (
        open_collection,
        read_judged_queries,
        read_qrels,
        read_queries,
        read_run,
        write_run,
    )
    from pyserini_ltre.encode.encode_collection import encode_collection
    from pyserini_ltre.encode.model import BiEncoder
    from pyserini_ltre.encode.search import search
    from pyserini_ltre.errors import InputError
    from pyserini_ltre.eval import compare_runs, evaluate
    from pyserini_ltre.index import open_index
    from pyserini_ltre.mine import mine_negatives
    from pyserini_ltre.run import fuse_runs
    from pyserini_ltre.train.loop.schedule import Schedule
    from pyserini_ltre.train.losses.objective import Objective
    from pyserini_ltre.train.losses.pair_objective import PairObjective
    from pyserini_ltre.train.query_side import QuerySideTrainer
    from pyserini_ltre.train.two_sided import TwoSidedTrainer

__version__ = "0.1.0"

_PLACES = {
    "collection": (
        "open_collection",
        "read_judged_queries",
        "read_qrels",
        "read_queries",
        "read_run",
        "write_run",
    ),
    "encode.encode_collection": ("encode_collection",),
    "encode.model": ("BiEncoder",),
    "encode.search": ("search",),
    "errors": ("InputError",),
    "eval": ("compare_runs", "evaluate"),
    "index": ("open_index",),
    "mine": ("mine_negatives",),
    "run": ("fuse_runs",),
    "train.loop.schedule": ("Schedule",),
    "train.losses.objective": ("Objective",),
    "train.losses.pair_objective": ("PairObjective",),
    "train.query_side": ("QuerySideTrainer",),
    "train.two_sided": ("TwoSidedTrainer",),
}
_PLACE_OF = {name: place for place, names in _PLACES.items() for name in names}

__all__ = [
    "BiEncoder",
    "InputError",
    "Objective",
    "PairObjective",
    "QuerySideTrainer",
    "Schedule",
    "TwoSidedTrainer",
    "__version__",
    "compare_runs",
    "encode_collection",
    "evaluate",
    "fuse_runs",
    "mine_negatives",
    "open_collection",
    "open_index",
    "read_judged_queries",
    "read_qrels",
    "read_queries",
    "read_run",
    "search",
    "write_run",
]


def __getattr__(name: str) -> object:
    if name not in _PLACE_OF:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    from importlib import import_module

    value = getattr(import_module(f"{__name__}.{_PLACE_OF[name]}"), name)
    globals()[name] = value
    return value


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__})
