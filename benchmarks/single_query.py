"""One query: from a cold process to hits, and warm in a program.

    python benchmarks/single_query.py [--quick] [--encoder DIR]

Cold is the whole of ``python -m pyserini.search.faiss`` with one topic. Warm is one call of the query encoder, and one
of `FaissSearcher.search`, once everything is loaded; the median is to be below 15 ms.
"""

import argparse
import tempfile
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

from inputs import add_encoder_option, encoder_path
from measure import Benchmark, common_options
from pyserini_search import BUILT_IN, OURS, search, write_inputs

from pyserini_ltre.collection import PythonStdlib
from pyserini_ltre.json_files import read_json

if TYPE_CHECKING:
    from pyserini.search.faiss import FaissSearcher

DOCUMENTS, QUICK_DOCUMENTS = 50_000, 5_000
WARM_QUERIES, QUICK_WARM_QUERIES = 200, 30
LIMIT_MS = 15


def main() -> None:
    """Measure cold and warm."""
    parser = common_options(argparse.ArgumentParser(description=__doc__.splitlines()[0]))
    add_encoder_option(parser)
    arguments = parser.parse_args()
    benchmark = Benchmark("single_query", arguments)
    encoder = encoder_path(arguments.encoder)
    documents = QUICK_DOCUMENTS if benchmark.quick else DOCUMENTS
    with tempfile.TemporaryDirectory() as temporary:
        folder = Path(temporary)
        write_inputs(folder, read_json(Path(encoder) / "config.json")["hidden_size"], documents, queries=1)
        benchmark.compare(
            f"one query in {documents} documents, cold process to hits",
            {
                BUILT_IN: lambda: search(folder, encoder, False, "theirs"),
                OURS: lambda: search(folder, encoder, True, "ours"),
            },
            against=BUILT_IN,
            reach={OURS: 1.0},
            repeats=1 if benchmark.quick else 7,
            warm_up=0,
        )
        measure_warm(benchmark, encoder, str(folder / "index"))
    benchmark.finish()


def measure_warm(benchmark: Benchmark, name: str, index: str) -> None:
    """Encode and search real queries one at a time, both encoders in turn."""
    from pyserini.encode import AutoQueryEncoder
    from pyserini.search.faiss import FaissSearcher

    from pyserini_ltre.encode.pyserini_encoders import LtreQueryEncoder

    count = QUICK_WARM_QUERIES if benchmark.quick else WARM_QUERIES
    texts = list(PythonStdlib().queries("test").values())[:count]
    encoders = {
        BUILT_IN: AutoQueryEncoder(name, pooling="mean", l2_norm=True, device=benchmark.device),
        OURS: LtreQueryEncoder(name, device=benchmark.device),
    }
    searchers = {way: FaissSearcher(index, encoder) for way, encoder in encoders.items()}
    for work, calls in (
        ("one query encoded, warm", {way: encoder.encode for way, encoder in encoders.items()}),
        (
            "one query searched, 1,000 hits, warm",
            {way: _hits(searcher) for way, searcher in searchers.items()},
        ),
    ):
        # Each way takes the next text: as many calls as there are texts, the first ten to warm up.
        comparison = benchmark.compare(
            work,
            {way: partial(_next_call, call, iter(texts)) for way, call in calls.items()},
            against=BUILT_IN,
            repeats=count - 10,
            warm_up=10,
        )
        milliseconds = 1000 * comparison.median(OURS)
        reached = "reached" if milliseconds < LIMIT_MS else "NOT reached"
        comparison.notes["median of ours in ms"] = round(milliseconds, 2)
        print(f"  {milliseconds:.1f} ms, asked less than {LIMIT_MS}: {reached}")


def _next_call(call: Callable[[str], object], turns: Iterator[str]) -> object:
    return call(next(turns))


def _hits(searcher: "FaissSearcher") -> Callable[[str], object]:
    return lambda text: searcher.search(text, 1000)


if __name__ == "__main__":
    main()
