"""Compute what training on large collections takes from what was measured: the tables of docs/scale.md.

    python benchmarks/scale.py [--results benchmarks/measured] [--price 0.10] [--memory 20]

Reads ``large_search.json``, ``training_step.json`` and ``encoding.json``.
"""

import argparse
import json
import math
from pathlib import Path

from encoding import HALF as ENCODED_HALF
from encoding import OURS as ENCODED_FULL
from large_search import DIMENSION, DOCUMENTS, FLAT, OURS, QUANTIZED
from training_step import OURS_HALF

from pyserini_ltre.eval import markdown_table

COLLECTIONS = {
    "MS MARCO passage": DOCUMENTS,
    "MS MARCO v2 passage": 138_364_198,
    "ClueWeb22-B": 1_000_000_000,
}
BYTES_A_DOCUMENT = {
    "Flat, fp32": 4 * DIMENSION,
    "Flat, bf16": 2 * DIMENSION,
    "scalar, 8 bit": DIMENSION,
    "PQ96": 96,
    "PQ48": 48,
}
# The ways to search that were measured, and the index that each needs in memory.
SEARCHED = {OURS: "Flat, bf16", QUANTIZED: "PQ96"}
ENCODED = (ENCODED_FULL, ENCODED_HALF)
MACHINES = (8, 64)
# Training queries of MS MARCO passage, and queries a step.
QUERIES, BATCH = 502_939, 32


def gigabytes(documents: int, index: str) -> float:
    """Memory of the vectors alone."""
    return documents * BYTES_A_DOCUMENT[index] / 1e9


def rounded(value: float) -> str:
    """With a digit after the point where that is much of it."""
    return f"{value:,.0f}" if value >= 10 else f"{value:.1f}"


def step_seconds(documents: int, machines: int, encoder: float, search: float) -> float:
    """Seconds of a step when each machine searches its part and one of them computes the rest.

    Parameters
    ----------
    documents, machines : int
        Size of the collection, and what it is spread over.
    encoder : float
        Seconds of all of a step but the search.
    search : float
        Seconds of a search a document.
    """
    return encoder + search * documents / machines


def tables(results: Path, price: float, memory: float) -> list[str]:
    """The tables, in Markdown.

    Parameters
    ----------
    results : path
        Folder of the JSON files.
    price : float
        Dollars a machine and hour.
    memory : float
        Gigabytes of a machine that vectors may fill.
    """

    def read(name: str) -> dict:
        return json.loads((results / f"{name}.json").read_text())

    ways = read("large_search")["comparisons"][0]["ways"]
    search = {way: ways[way]["median"] / DOCUMENTS for way in (FLAT, *SEARCHED)}
    step = read("training_step")["comparisons"][0]
    shares = step["notes"]["share of the step"][OURS_HALF]
    encoder = step["ways"][OURS_HALF]["median"] * (1 - shares["search and loss"])
    ways = read("encoding")["comparisons"][0]["ways"]
    encoding = {way: 1 / ways[way]["documents_per_second"] for way in ENCODED}

    found = [
        markdown_table(
            ("GB of vectors (computed)", *COLLECTIONS),
            [
                (index, *(rounded(gigabytes(documents, index)) for documents in COLLECTIONS.values()))
                for index in BYTES_A_DOCUMENT
            ],
        )
    ]
    rows = []
    for name, documents in COLLECTIONS.items():
        for way, index in SEARCHED.items():
            fewest = math.ceil(gigabytes(documents, index) / memory)
            for machines in sorted({fewest, *(m for m in MACHINES if m > fewest)}):
                seconds = step_seconds(documents, machines, encoder, search[way])
                hours = seconds * QUERIES / BATCH / 3600
                rows.append(
                    (
                        name,
                        index,
                        machines,
                        f"{seconds:.2f}",
                        rounded(seconds * 1000 / 3600),
                        rounded(hours),
                        rounded(hours * machines * price),
                    )
                )
    header = ("collection", "index", "machines", "s a step", "h for 1,000 steps", "h an epoch", "$ an epoch")
    found.append(markdown_table(header, rows))
    header = (
        "encoding once more (computed)",
        "documents",
        *(f"machine-hours ({way})" for way in ENCODED),
        "$",
    )
    rows = []
    for name, documents in COLLECTIONS.items():
        hours = [documents * encoding[way] / 3600 for way in ENCODED]
        rows.append((name, f"{documents:,}", *(f"{h:,.0f}" for h in hours), rounded(min(hours) * price)))
    found.append(markdown_table(header, rows))
    found.append(
        f"Measured: {encoder:.3f} s a step besides the search; a search of 32 queries takes, a million documents, "
        + ", ".join(f"{value * 1e6:.3f} s ({way})" for way, value in search.items())
        + "; a document is encoded in "
        + ", ".join(f"{value * 1e3:.1f} ms ({way})" for way, value in encoding.items())
        + "."
    )
    return found


def main() -> None:
    """Print the tables."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument(
        "--results", type=Path, default=Path("results/benchmarks"), help="folder of JSON files"
    )
    parser.add_argument(
        "--price", type=float, default=0.10, help="dollars a machine and hour (default: 0.10)"
    )
    parser.add_argument("--memory", type=float, default=20.0, help="GB a machine for vectors (default: 20)")
    arguments = parser.parse_args()
    print("\n\n".join(tables(arguments.results, arguments.price, arguments.memory)))


if __name__ == "__main__":
    main()
