"""Seconds until dev nDCG@10 on python-stdlib is what query-side training ends with; ours against others.

    python benchmarks/time_to_quality.py [METHOD ...] [--quick] [--points 1] [--encoder MODEL] [--index DIR]

METHOD is adapter, encoder, encoding, both-sides, refresh or draw; without any, all of them one after the other, more
than an hour on two cores. Each leaves its curve in OUTPUT/time_to_quality; `draw` reads them all. `both-sides` and
`refresh` save their state at every point: `--points 1` makes one point and stops, the same command goes on from there.

What is counted, model and collection having been read. Ours: all of `fit`, encoding of the queries and dev
measurements included. The others: their training steps (not their dev measurements), and encoding the collection with
sentence-transformers: once for each point of `both-sides`, as if one had known when to stop; after every interval for
`refresh`, which works with it. The vectors that dev is measured with are made in bf16 where the machine has it, off the
clock, to save the benchmark's time.
"""

import argparse
import json
import time
from pathlib import Path

from inputs import DOCUMENT_TOKENS, add_encoder_option, encoder_path, stdlib_index
from machine import describe_machine, use_threads
from measure import common_options

from pyserini_ltre.collection import PythonStdlib
from pyserini_ltre.files import atomic_file
from pyserini_ltre.train.development import MEASURE

OURS = ("adapter", "encoder")
OTHERS = ("both-sides", "refresh")
METHODS = (*OURS, "encoding", *OTHERS, "draw")
LABELS = {
    "adapter": "pyserini_ltre, adapter",
    "encoder": "pyserini_ltre, query encoder",
    "both-sides": "both encoders (sentence-transformers), collection encoded again",
    "refresh": "both encoders, hard negatives from a collection encoded again and again",
}
REACH = {
    ("adapter", "both-sides"): 20,
    ("adapter", "refresh"): 100,
    ("encoder", "both-sides"): 4,
    ("encoder", "refresh"): 20,
}
EPOCHS, EVERY = 1.0, 20
QUICK_FUNCTIONS, QUICK_TOKENS, QUICK_EVERY = 300, 32, 2


def query_side(
    trainable: str, encoder: str, index: Path, collection: PythonStdlib, quick: bool
) -> dict[str, object]:
    """Train with our defaults; points are spread over the seconds of the steps, which are all alike."""
    from pyserini_ltre.encode.model import BiEncoder
    from pyserini_ltre.train.loop.schedule import Schedule
    from pyserini_ltre.train.query_side import QuerySideTrainer

    model = BiEncoder.load(encoder)
    # The first call reads the standard library's sources for six seconds; the other methods' clocks start after it.
    train, dev = ((collection.queries(split), collection.qrels(split)) for split in ("train", "dev"))
    start = time.perf_counter()
    trainer = QuerySideTrainer(
        model, index, trainable=trainable, schedule=Schedule(epochs=1 if quick else None)
    )
    result = trainer.fit(*train, dev)
    whole = time.perf_counter() - start
    before_steps = whole - result.seconds
    points = [
        {
            "step": step,
            "seconds": round(before_steps + result.seconds * step / result.steps, 2),
            MEASURE: value,
        }
        for step, value in result.dev_history
    ]
    return {"points": points, "seconds": round(whole, 2), "ends_with": result.after[MEASURE]}


def encoding_cost(encoder: str, collection: PythonStdlib, tokens: int) -> dict[str, float]:
    """Seconds that sentence-transformers takes to encode the collection: in fp32, its default, and in bf16."""
    from two_sided import document_texts, encode, load_model

    model, texts = load_model(encoder, tokens), list(document_texts(collection).values())
    seconds = {}
    for name, half in (("fp32", False), ("bf16", True)):
        start = time.perf_counter()
        encode(model, texts, half)
        seconds[name] = round(time.perf_counter() - start, 2)
    return {"documents": len(texts), **seconds}


def counted_seconds(method: str, point: dict[str, float], number: int, encoding: float) -> float:
    """Seconds of the `number`-th point of a method that changes documents, encoding counted."""
    encodings = 0 if number == 0 else number if method == "refresh" else 1
    return point["train_seconds"] + encodings * encoding


def seconds_until(
    method: str, points: list[dict[str, float]], target: float, encoding: float
) -> float | None:
    """Seconds until the target is reached, the training between two points taken as a straight line.

    Returns
    -------
    float or None
        None if it never is.
    """
    for number in range(1, len(points)):
        before, after = points[number - 1], points[number]
        if after[MEASURE] >= target:
            share = (
                (target - before[MEASURE]) / (after[MEASURE] - before[MEASURE])
                if before[MEASURE] < target
                else 0
            )
            between = {
                "train_seconds": before["train_seconds"]
                + share * (after["train_seconds"] - before["train_seconds"])
            }
            return counted_seconds(method, between, number, encoding)
    return None


def summary(folder: Path) -> dict[str, object]:
    """Ratios from the curves that are there."""
    curves = {m: json.loads((folder / f"{m}.json").read_text()) for m in (*OURS, *OTHERS, "encoding")}
    rows = []
    for trainable in OURS:
        ours = curves[trainable]
        for other in OTHERS:
            row = {
                "what": trainable,
                "against": other,
                "dev": round(ours["ends_with"], 4),
                "seconds": ours["seconds"],
                "reach": REACH[trainable, other],
            }
            for precision in ("fp32", "bf16"):
                until = seconds_until(
                    other, curves[other]["points"], ours["ends_with"], curves["encoding"][precision]
                )
                row[f"other_seconds_{precision}_encoding"] = until and round(until, 1)
                row[f"ratio_{precision}_encoding"] = until and round(until / ours["seconds"], 2)
            rows.append(row)
    return {"rows": rows, "curves": curves, "machine": describe_machine()}


def draw(report: dict[str, object], path: Path) -> None:
    """Dev measure against seconds, for all methods to their ends."""
    import matplotlib

    matplotlib.use("Agg")
    from matplotlib import pyplot

    figure, axes = pyplot.subplots(figsize=(9, 5), layout="constrained")
    curves = report["curves"]
    encoding = curves["encoding"]["fp32"]
    for place, method in enumerate((*OURS, *OTHERS)):
        points = curves[method]["points"]
        if method in OTHERS:
            seconds = [counted_seconds(method, point, i, encoding) for i, point in enumerate(points)]
        else:
            seconds = [point["seconds"] for point in points]
            axes.axhline(curves[method]["ends_with"], color=f"C{place}", lw=0.8, ls=":")
        values = [point[MEASURE] for point in points]
        axes.plot(seconds[1:], values[1:], marker="o", ms=4, color=f"C{place}", label=LABELS[method])
    axes.axhline(curves["both-sides"]["points"][0][MEASURE], color="gray", lw=0.8, label="before training")
    axes.set_xscale("log")
    axes.set_xlabel("seconds (logarithmic), encoding the collection counted where documents change")
    axes.set_ylabel(f"dev {MEASURE}")
    axes.grid(alpha=0.3)
    axes.legend(fontsize=8, loc="best")
    with atomic_file(path, "wb") as file:
        figure.savefig(file, dpi=130, format="png")
    pyplot.close(figure)


def print_summary(report: dict[str, object], quick: bool) -> None:
    """Tell the ratios, and what each method ends with."""
    for row in report["rows"]:
        until = row["other_seconds_fp32_encoding"]
        line = f"dev {row['dev']:.4f}: {row['what']} {row['seconds']:.1f} s, {row['against']} "
        if until is None:
            line += "never"
        else:
            ratio = row["ratio_fp32_encoding"]
            line += (
                f"{until:.1f} s: {ratio:.2f} x ({row['ratio_bf16_encoding']:.1f} x were it encoded in bf16)"
            )
            if not quick:
                line += f", asked {row['reach']} x: {'reached' if ratio >= row['reach'] else 'NOT reached'}"
        print(line)
    for method in OTHERS:
        print(f"{method} ends with {report['curves'][method]['points'][-1][MEASURE]:.4f}")


def main() -> None:
    """Run the methods asked for."""
    parser = common_options(argparse.ArgumentParser(description=__doc__.splitlines()[0]))
    parser.add_argument("methods", nargs="*", metavar="METHOD", help=f"{', '.join(METHODS)} (default: all)")
    parser.add_argument(
        "--index", type=Path, help="index of python-stdlib by the encoder (default: it is encoded)"
    )
    parser.add_argument(
        "--points", type=int, help="points of both-sides and refresh to make now (default: all)"
    )
    add_encoder_option(parser)
    arguments = parser.parse_args()
    if unknown := set(arguments.methods) - set(METHODS):
        parser.error(f"no method {', '.join(sorted(unknown))}; there are {', '.join(METHODS)}")
    threads = use_threads()
    quick = arguments.quick
    name = "time_to_quality-quick" if quick else "time_to_quality"
    folder = arguments.output / name
    folder.mkdir(parents=True, exist_ok=True)
    encoder = encoder_path(arguments.encoder)
    collection = PythonStdlib(QUICK_FUNCTIONS if quick else None)
    tokens = QUICK_TOKENS if quick else DOCUMENT_TOKENS
    index = (
        arguments.index
        if arguments.index and not quick
        else stdlib_index(folder / "index", encoder, collection, tokens)
    )

    def write(method: str, curve: dict[str, object]) -> None:
        with atomic_file(folder / f"{method}.json") as file:
            file.write(json.dumps({"threads": threads, **curve}, indent=1) + "\n")

    for method in arguments.methods or METHODS:
        if method in OURS:
            write(method, query_side(method, encoder, index, collection, quick))
        elif method == "draw":
            report = summary(folder)
            print_summary(report, quick)
            with atomic_file(arguments.output / f"{name}.json") as file:
                file.write(json.dumps(report, indent=1) + "\n")
            draw(report, arguments.output / f"{name}.png")
        elif method == "encoding":
            write(method, encoding_cost(encoder, collection, tokens))
        else:
            from two_sided import TwoSidedTraining

            every = QUICK_EVERY if quick else EVERY
            training = TwoSidedTraining(
                encoder, collection, index, folder / method, tokens, method == "refresh", EPOCHS, every
            )
            made = 0
            while not training.finished and made != arguments.points:
                print(method, training.next_point(), f"of {training.steps} steps", flush=True)
                made += 1
            write(method, {"points": training.points, "finished": training.finished})


if __name__ == "__main__":
    main()
