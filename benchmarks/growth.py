"""How exact search and a training step grow with the collection, against what the machine can do at most.

    python benchmarks/growth.py [--quick] [--encoder MODEL] [--device cuda]

Drawn in: the time to read the vectors at the memory's bandwidth, and to multiply at the processor's best rate, both
measured in the same run. The search at 8,841,823 documents is taken from ``large_search.json`` in the same folder, if
it is there.
"""

import argparse
import json
from pathlib import Path

import torch
from exact_search import DIMENSION, EXACT, FAISS, HALF, search_ways
from inputs import BATCH, add_encoder_option, encoder_path, generated_index
from large_search import DOCUMENTS as LARGE
from large_search import OURS as MAPPED
from machine import limits
from measure import Benchmark, Comparison, common_options
from training_step import OURS, OURS_HALF, TEXTBOOK, step_ways

from pyserini_ltre.encode.model import BiEncoder
from pyserini_ltre.files import atomic_file

SIZES, QUICK_SIZES = (10_000, 100_000, 1_000_000), (10_000, 30_000)
BYTES = {"fp32": 4, "bf16": 2}


def search_limit(documents: int, dimension: int, precision: str, rates: dict[str, float]) -> float:
    """Seconds that a search takes at least: the longer of reading the vectors and multiplying them."""
    reading = documents * dimension * BYTES[precision] / (rates["memory_gb_s"] * 1e9)
    multiplying = 2 * BATCH * documents * dimension / (rates[f"{precision}_gflop_s"] * 1e9)
    return max(reading, multiplying)


def encoder_operations(encoder: BiEncoder, batches: list[dict]) -> float:
    """Operations of the forward and backward pass of a batch: six for each weight of a layer and each token."""
    weights = sum(
        module.weight.numel() for module in encoder.modules() if isinstance(module, torch.nn.Linear)
    )
    return 6 * weights * sum(batch["features"]["input_ids"].numel() for batch in batches) / len(batches)


def draw(
    searches: dict[int, Comparison], steps: dict[int, Comparison], more: dict[str, object], path: Path
) -> None:
    """Seconds against documents: searches left, training steps right, limits dashed."""
    import matplotlib

    matplotlib.use("Agg")
    from matplotlib import pyplot

    figure, panels = pyplot.subplots(1, 2, figsize=(12, 5), layout="constrained")
    names = {FAISS: "C3", EXACT: "C0", HALF: "C2", TEXTBOOK: "C3", OURS: "C0", OURS_HALF: "C2"}
    for axes, comparisons in zip(panels, (searches, steps), strict=True):
        for way in next(iter(comparisons.values())).seconds:
            medians = [comparison.median(way) for comparison in comparisons.values()]
            axes.plot(list(comparisons), medians, marker="o", color=names[way], label=way)
    for precision, color in (("fp32", "C0"), ("bf16", "C2")):
        for axes, kind in zip(panels, ("search", "step"), strict=True):
            limit = more["limits"][kind][precision]
            sizes = [int(size) for size in limit]
            axes.plot(sizes, list(limit.values()), "--", color=color, lw=1, label=f"limit, {precision}")
    if large := more.get("large_search"):
        panels[0].plot([LARGE], [large], "*", ms=11, color="C2", label=MAPPED)
    titles = (
        f"exact top 200 of {BATCH} queries, {DIMENSION} dimensions",
        "one training step, all-MiniLM-L6-v2",
    )
    for axes, title in zip(panels, titles, strict=True):
        axes.set(xscale="log", yscale="log", xlabel="documents", ylabel="seconds", title=title)
        axes.grid(alpha=0.3)
        axes.legend(fontsize=8)
    with atomic_file(path, "wb") as file:
        figure.savefig(file, dpi=130, format="png")
    pyplot.close(figure)


def main() -> None:
    """Measure every size."""
    parser = common_options(argparse.ArgumentParser(description=__doc__.splitlines()[0]))
    add_encoder_option(parser)
    parser.add_argument("--sizes", type=int, nargs="+", help="numbers of documents")
    arguments = parser.parse_args()
    sizes = sorted(arguments.sizes or (QUICK_SIZES if arguments.quick else SIZES))
    benchmark = Benchmark("growth", arguments)
    rates = limits(arguments.device, arguments.quick)
    print(rates)
    encoder = BiEncoder.load(encoder_path(arguments.encoder))
    batches = 4 if arguments.quick else 16
    searches, steps = {}, {}
    operations = 0.0
    for documents in sizes:
        ways, notes = search_ways(generated_index(documents, DIMENSION), arguments.device)
        searches[documents] = benchmark.compare(
            f"search of {documents:,}", ways, FAISS, repeats=3 if arguments.quick else 7, notes=notes
        )
        del ways
        flat = generated_index(documents, encoder.dimension)
        step = step_ways(encoder, flat, batches, arguments.device)
        operations = encoder_operations(encoder, step[TEXTBOOK].prepared)
        steps[documents] = benchmark.compare(
            f"training step at {documents:,}", step, TEXTBOOK, repeats=batches, warm_up=1
        )
        del step, flat
    bound = {
        kind: {
            precision: {
                documents: round(
                    search_limit(documents, dimension, precision, rates)
                    + (operations / (rates[f"{precision}_gflop_s"] * 1e9) if kind == "step" else 0.0),
                    6,
                )
                for documents in (*sizes, *([LARGE] if kind == "search" and not arguments.quick else []))
            }
            for precision in BYTES
        }
        for kind, dimension in (("search", DIMENSION), ("step", encoder.dimension))
    }
    benchmark.more = {"rates": rates, "limits": bound, "encoder_operations": operations}
    large = arguments.output / "large_search.json"
    if large.exists() and not arguments.quick:
        ways = json.loads(large.read_text())["comparisons"][0]["ways"]
        benchmark.more["large_search"] = ways[MAPPED]["median"]
    benchmark.finish(picture=False)
    draw(searches, steps, benchmark.more, arguments.output / f"{benchmark.name}.png")


if __name__ == "__main__":
    main()
