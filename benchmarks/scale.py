"""Compute what training on large collections takes from what was measured: the tables of docs/scale.md.

    python benchmarks/scale.py [--results benchmarks/measured] [--price 0.10] [--memory 20]

Reads the JSON of ``large_search``, ``training_step``, ``ray_step``, ``encoding``, ``growth`` and ``time_to_quality``.
"""

import argparse
import json
import math
from pathlib import Path
from typing import NamedTuple

from encoding import HALF as ENCODED_HALF
from encoding import OURS as ENCODED_FULL
from growth import SIZES
from inputs import BATCH
from large_search import DIMENSION, DOCUMENTS, FLAT, OURS, QUANTIZED
from ray_step import WORKERS
from time_to_quality import OTHERS, seconds_until
from time_to_quality import OURS as OURS_TRAINED
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
# Bytes a second of a network of 10 Gb/s, an assumption.
NETWORK = 1.25e9
# Sizes at which ratios are computed.
GROWN = (100_000, 1_000_000, DOCUMENTS)
# Training queries of MS MARCO passage.
QUERIES = 502_939


def gigabytes(documents: int, index: str) -> float:
    """Memory of the vectors alone."""
    return documents * BYTES_A_DOCUMENT[index] / 1e9


def rounded(value: float) -> str:
    """With a digit after the point where that is much of it."""
    return f"{value:,.0f}" if value >= 10 else f"{value:.1f}"


class Exchange(NamedTuple):
    """What a step of several machines takes for what they tell each other.

    Attributes
    ----------
    once, a_machine : float
        Seconds of asking all and merging their answers, however many they are, and of each.
    vectors : float
        Seconds of fetching the vectors of the documents found.
    bytes_once, bytes_a_machine : float
        What travels: those vectors; queries to each machine, and its hits.
    """

    once: float
    a_machine: float
    vectors: float
    bytes_once: float
    bytes_a_machine: float

    def seconds(self, machines: int) -> float:
        """Seconds a step; a single machine asks nobody. What was measured on one machine, and the network's time."""
        if machines == 1:
            return 0.0
        network = (self.bytes_once + machines * self.bytes_a_machine) / NETWORK
        return self.once + machines * self.a_machine + self.vectors + network


def read_exchange(report: dict) -> Exchange:
    """Take it from what ``ray_step`` has measured; a machine more costs what the learner has to compute for it."""
    measured = report["milliseconds of an exchange, by workers"]
    few, many = sorted(map(int, measured))
    computed = [measured[str(workers)]["computed by the learner"] / 1e3 for workers in (few, many)]
    a_machine = max(0.0, (computed[1] - computed[0]) / (many - few))
    parts = report["comparisons"][0]["notes"]["parts"]
    return Exchange(
        max(0.0, measured[str(few)]["passed"] / 1e3 - few * a_machine),
        a_machine,
        parts["milliseconds"]["vectors"] / 1e3,
        parts["bytes"]["vectors"],
        parts["bytes"]["search, sent and answered"] / WORKERS,
    )


def step_seconds(documents: int, machines: int, encoder: float, search: float, exchange: Exchange) -> float:
    """Seconds of a step when each machine searches its part and one of them computes the rest.

    Parameters
    ----------
    documents, machines : int
        Size of the collection, and what it is spread over.
    encoder : float
        Seconds of all of a step but the search.
    search : float
        Seconds of a search a document.
    exchange : Exchange
        What the machines tell each other.
    """
    return encoder + search * documents / machines + exchange.seconds(machines)


def memory_table() -> str:
    """Gigabytes of the vectors by collection and kind of index."""
    rows = [
        (index, *(rounded(gigabytes(documents, index)) for documents in COLLECTIONS.values()))
        for index in BYTES_A_DOCUMENT
    ]
    return markdown_table(("GB of vectors (computed)", *COLLECTIONS), rows)


def step_table(
    encoder: float, search: dict[str, float], exchange: Exchange, price: float, memory: float
) -> str:
    """Seconds and dollars of training by collection, kind of index and number of machines.

    Parameters
    ----------
    encoder : float
        Seconds of all of a step but the search.
    search : dict of str to float
        Way to search -> seconds a document.
    exchange : Exchange
        What the machines tell each other.
    price : float
        Dollars a machine and hour.
    memory : float
        Gigabytes of a machine that vectors may fill.
    """
    rows = []
    for name, documents in COLLECTIONS.items():
        for way, index in SEARCHED.items():
            fewest = math.ceil(gigabytes(documents, index) / memory)
            for machines in sorted({fewest, *(m for m in MACHINES if m > fewest)}):
                seconds = step_seconds(documents, machines, encoder, search[way], exchange)
                hours = seconds * QUERIES / BATCH / 3600
                cost = hours * machines * price
                numbers = rounded(seconds * 1000 / 3600), rounded(hours), rounded(cost)
                exchanged = f"{exchange.seconds(machines):.2f}"
                rows.append((name, index, machines, f"{seconds:.2f}", exchanged, *numbers))
    header = (
        *("collection", "index", "machines", "s a step", "of it exchange"),
        *("h for 1,000 steps", "h an epoch", "$ an epoch"),
    )
    return markdown_table(header, rows)


def encoding_table(encoding: dict[str, float], price: float) -> str:
    """Machine-hours and dollars of encoding each collection; `encoding`: way -> seconds a document."""
    rows = []
    for name, documents in COLLECTIONS.items():
        hours = [documents * seconds / 3600 for seconds in encoding.values()]
        rows.append((name, f"{documents:,}", *(f"{h:,.0f}" for h in hours), rounded(min(hours) * price)))
    ways = (f"machine-hours ({way})" for way in encoding)
    return markdown_table(("encoding once more (computed)", "documents", *ways, "$"), rows)


def ratio_table(curves: dict[str, dict], search: float, threads: int) -> str:
    """How many times sooner query-side training is where it ends, by the size of the collection.

    Steps, and the times that others encode the collection, are taken to be those that were measured; a search takes
    in proportion to the documents, and to the threads.

    Parameters
    ----------
    curves : dict
        Of ``time_to_quality.json``.
    search : float
        Seconds of a step's search a document.
    threads : int
        With which that was measured.
    """
    measured = curves["encoding"]["documents"]
    sizes = (measured, *GROWN)
    rows = []
    for trainable in OURS_TRAINED:
        ours = curves[trainable]
        slower = threads / ours["threads"]
        for other in OTHERS:
            reach = (other, curves[other]["points"], ours["ends_with"])
            training, with_encoding = seconds_until(*reach, 0.0), seconds_until(*reach, 1.0)
            if training is None or with_encoding is None:
                rows.append((trainable, other, *("never" for _ in sizes)))
                continue
            a_document = curves["encoding"]["fp32"] / measured * (with_encoding - training)
            more = ours["points"][-1]["step"] * search * slower
            ratios = (
                (training + a_document * size) / (ours["seconds"] + more * (size - measured))
                for size in sizes
            )
            rows.append((trainable, other, *(rounded(ratio) for ratio in ratios)))
    header = ("ours", "against", f"{measured:,} (measured)", *(f"{size:,}" for size in GROWN))
    return markdown_table(header, rows)


def tables(results: Path, price: float, memory: float) -> list[str]:
    """All tables, in Markdown, and a line of what they are computed from.

    Parameters
    ----------
    results : path
        Folder of the JSON files.
    price, memory : float
        See `step_table`.
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
    exchange = read_exchange(read("ray_step"))
    growth = read("growth")
    steps = [c["ways"] for c in growth["comparisons"] if c["work"].startswith("training step")]
    grown = steps[-1][OURS_HALF]["median"] - steps[0][OURS_HALF]["median"]
    more = grown / (max(SIZES) - min(SIZES))
    return [
        memory_table(),
        step_table(encoder, search, exchange, price, memory),
        encoding_table(encoding, price),
        ratio_table(read("time_to_quality")["curves"], more, growth["machine"]["threads"]["torch"]),
        f"Measured: {encoder:.3f} s a step besides the search; a search of 32 queries takes, a million documents, "
        + ", ".join(f"{value * 1e6:.3f} s ({way})" for way, value in search.items())
        + "; a document is encoded in "
        + ", ".join(f"{value * 1e3:.1f} ms ({way})" for way, value in encoding.items())
        + f". An exchange takes {exchange.once * 1e3:.1f} ms and {exchange.a_machine * 1e3:.1f} ms a machine, "
        f"fetching vectors {exchange.vectors * 1e3:.0f} ms; {exchange.bytes_once / 1e6:.1f} MB travel, and "
        f"{exchange.bytes_a_machine / 1e6:.2f} MB a machine.",
    ]


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
