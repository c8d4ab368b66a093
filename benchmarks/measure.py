"""Measure ways of doing the same work side by side: alternated runs, medians, spread, ratios.

    benchmark = Benchmark("exact_search", common_options(parser).parse_args())
    benchmark.compare(
        "top 200 of 1,000,000 x 768",
        {"faiss": search_with_faiss, "ours": search_with_ours},
        against="faiss", reach={"ours": 3.0}, repeats=7,
    )
    benchmark.finish()

Every round runs each way once, the order turned round from one round to the next, so that a machine that slows down
slows all alike. A ratio is that of one round; reported are the median of the rounds, the lowest and the highest.
"""

import argparse
import json
import statistics
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path

from machine import describe_machine, synchronise, use_threads

from pyserini_ltre.files import atomic_file


def common_options(parser: argparse.ArgumentParser) -> argparse.ArgumentParser:
    """Add the options that every benchmark has."""
    parser.add_argument(
        "--quick", action="store_true", help="small sizes and few rounds, under a minute and a half"
    )
    parser.add_argument("--device", choices=("cpu", "cuda"), default="cpu", help="where our side computes")
    parser.add_argument(
        "--output", type=Path, default=Path("results/benchmarks"), help="folder of JSON and pictures"
    )
    return parser


def alternate(
    ways: Mapping[str, Callable[[], object]],
    repeats: int,
    warm_up: int = 1,
    before: Callable[[], object] | None = None,
    device: str = "cpu",
) -> dict[str, list[float]]:
    """Run every way once a round.

    Parameters
    ----------
    ways : mapping of str to callable
        Each does the same work; what it returns is dropped.
    repeats : int
        Rounds that count.
    warm_up : int
        Rounds before them that do not.
    before : callable, optional
        Called before each run, outside the timing: to remove the last output, say.
    device : str
        What to wait for before the clock is stopped.

    Returns
    -------
    dict of str to list of float
        Wall seconds of each way, an entry a round.
    """
    seconds: dict[str, list[float]] = {name: [] for name in ways}
    for turn in range(warm_up + repeats):
        for name in list(ways) if turn % 2 == 0 else list(ways)[::-1]:
            if before is not None:
                before()
            start = time.perf_counter()
            ways[name]()
            synchronise(device)
            if turn >= warm_up:
                seconds[name].append(time.perf_counter() - start)
    return seconds


@dataclass
class Comparison:
    """Ways of doing one piece of work.

    Attributes
    ----------
    work : str
        What is done.
    against : str
        The way that the ratios of the others are to.
    seconds : dict of str to list of float
        Wall seconds of each way, an entry a round.
    reach : dict of str to float
        The ratio asked of a way.
    amount, unit : float, str
        How much is done in a run, for rates: 11410, "documents".
    notes : dict
        What else was seen: share of documents that are the same, bytes, ...
    """

    work: str
    against: str
    seconds: dict[str, list[float]]
    reach: dict[str, float] = field(default_factory=dict)
    amount: float | None = None
    unit: str | None = None
    notes: dict[str, object] = field(default_factory=dict)

    def median(self, way: str) -> float:
        """Median of the seconds of a way."""
        return statistics.median(self.seconds[way])

    def ratio(self, way: str) -> tuple[float, float, float]:
        """How many times faster than `against` a way is: median, lowest and highest of the rounds."""
        ratios = [a / b for a, b in zip(self.seconds[self.against], self.seconds[way], strict=True)]
        return statistics.median(ratios), min(ratios), max(ratios)

    def as_dict(self) -> dict[str, object]:
        """For JSON: the seconds and what follows from them."""
        ways = {}
        for way, seconds in self.seconds.items():
            ratio, lowest, highest = self.ratio(way)
            ways[way] = {
                "seconds": [round(value, 6) for value in seconds],
                "median": round(self.median(way), 6),
                "ratio": round(ratio, 3),
                "ratio_spread": [round(lowest, 3), round(highest, 3)],
            }
            if self.amount:
                ways[way][f"{self.unit}_per_second"] = round(self.amount / self.median(way), 3)
            if way in self.reach:
                ways[way]["reach"] = self.reach[way]
        return {"work": self.work, "against": self.against, "ways": ways, "notes": self.notes}

    def lines(self) -> list[str]:
        """Printed table, a line a way."""
        lines = [self.work]
        for way, seconds in self.seconds.items():
            ratio, lowest, highest = self.ratio(way)
            line = f"  {way:<34} {self.median(way):>10.4f} s ({min(seconds):.4f} to {max(seconds):.4f})"
            if self.amount:
                line += f" {self.amount / self.median(way):>10.1f} {self.unit}/s"
            if way != self.against:
                line += f"  {ratio:7.2f} x ({lowest:.2f} to {highest:.2f})"
            if way in self.reach:
                line += f", asked {self.reach[way]:g} x: {'reached' if ratio >= self.reach[way] else 'NOT reached'}"
            lines.append(line)
        return lines + [f"  {name}: {value}" for name, value in self.notes.items()]


class Benchmark:
    """The comparisons of one script: printed as they come, written and drawn at the end.

    Parameters
    ----------
    name : str
        Names the files: ``NAME.json`` and ``NAME.png``; those of a quick run end in ``-quick``.
    arguments : Namespace
        What `common_options` has read.
    """

    def __init__(self, name: str, arguments: argparse.Namespace) -> None:
        use_threads()
        self.name = f"{name}-quick" if arguments.quick else name
        self.output: Path = arguments.output
        self.device: str = arguments.device
        self.machine = describe_machine(self.device)
        self.quick: bool = arguments.quick
        self.comparisons: list[Comparison] = []
        self.more: dict[str, object] = {}

    def compare(
        self,
        work: str,
        ways: Mapping[str, Callable[[], object]],
        against: str,
        repeats: int,
        reach: Mapping[str, float] | None = None,
        warm_up: int = 1,
        before: Callable[[], object] | None = None,
        amount: float | None = None,
        unit: str | None = None,
        notes: Mapping[str, object] | None = None,
    ) -> Comparison:
        """Run the ways in turn, print and keep the comparison; see `alternate` and `Comparison`."""
        seconds = alternate(ways, repeats, warm_up, before, self.device)
        return self.add(
            Comparison(work, against, seconds, dict(reach or {}), amount, unit, dict(notes or {}))
        )

    def add(self, comparison: Comparison) -> Comparison:
        """Print and keep a comparison that was timed in another way."""
        print("\n".join(comparison.lines()), flush=True)
        self.comparisons.append(comparison)
        return comparison

    def finish(self, picture: bool = True) -> None:
        """Write the JSON file and, if wanted, the picture of the ratios; `more` goes into the file as it is."""
        self.output.mkdir(parents=True, exist_ok=True)
        report = {
            "benchmark": self.name,
            "quick": self.quick,
            "machine": self.machine,
            "comparisons": [comparison.as_dict() for comparison in self.comparisons],
            **self.more,
        }
        with atomic_file(self.output / f"{self.name}.json") as file:
            file.write(json.dumps(report, indent=2) + "\n")
        if picture and self.comparisons:
            draw_ratios(self.comparisons, self.output / f"{self.name}.png")
        print(f"written: {self.output / self.name}.json")


def draw_ratios(comparisons: list[Comparison], path: Path) -> None:
    """A bar for each way: how many times faster than the alternative, with spread and what was asked."""
    import matplotlib

    matplotlib.use("Agg")
    from matplotlib import pyplot

    bars = [(c, way) for c in comparisons for way in c.seconds if way != c.against][::-1]
    figure, axes = pyplot.subplots(figsize=(9, 1.2 + 0.55 * len(bars)), layout="constrained")
    for place, (comparison, way) in enumerate(bars):
        ratio, lowest, highest = comparison.ratio(way)
        axes.barh(place, ratio, xerr=[[ratio - lowest], [highest - ratio]], color="C0", alpha=0.8, capsize=3)
        if way in comparison.reach:
            axes.plot([comparison.reach[way]] * 2, [place - 0.4, place + 0.4], color="C3", lw=2)
    axes.axvline(1, color="black", lw=0.8)
    axes.set_yticks(range(len(bars)), [f"{c.work}\n{way} against {c.against}" for c, way in bars], fontsize=7)
    axes.set_xlabel("times faster (median; whiskers: lowest and highest round; red: asked)")
    with atomic_file(path, "wb") as file:
        figure.savefig(file, dpi=130, format="png")
    pyplot.close(figure)
