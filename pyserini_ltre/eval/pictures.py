"""Results as pictures: bars, and the course of a training."""

import os
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Literal

from pyserini_ltre.files import atomic_file

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

# Okabe and Ito's palette: told apart by colour-blind readers, and of different brightness in print.
COLOURS = ("#999999", "#0072B2", "#E69F00", "#009E73", "#CC79A7", "#56B4E9", "#D55E00", "#F0E442")


Interval = tuple[float, float]
"""Lower and upper bound."""


def draw_measures(
    path: str | os.PathLike[str],
    rows: Mapping[str, Mapping[str, float]],
    title: str,
    intervals: Mapping[str, Mapping[str, Interval]] | None = None,
) -> None:
    """Draw a bar chart (PNG): measures side by side, a bar for each system, its value above it.

    Parameters
    ----------
    path : path
        The file, which should end in ``.png``.
    rows : mapping of str to mapping of str to float
        System -> measure -> value, in the order in which they are drawn; every system has the same measures.
    title : str
        Stands above the chart.
    intervals : mapping of str to mapping of str to (float, float), optional
        System -> measure -> 95 % confidence interval, drawn on the bar.
    """
    # The figure is made without pyplot, which would keep it and choose a window system.
    from matplotlib.figure import Figure
    from matplotlib.layout_engine import ConstrainedLayoutEngine

    measures = list(next(iter(rows.values())))
    width = 0.84 / len(rows)
    size = max(6.0, 0.62 * len(rows) * len(measures) + 1.5), 4.6
    figure = Figure(figsize=size, layout=ConstrainedLayoutEngine(w_pad=0.12, h_pad=0.1))
    axes = figure.add_subplot()
    for place, (system, values) in enumerate(rows.items()):
        offset = (place - (len(rows) - 1) / 2) * width
        bars = axes.bar(
            [group + offset for group in range(len(measures))],
            [values[measure] for measure in measures],
            0.92 * width,
            yerr=reaches(values, intervals[system]) if intervals else None,
            error_kw={"elinewidth": 1.2, "capsize": 3, "ecolor": "#333333"},
            color=COLOURS[place % len(COLOURS)],
            hatch="//" if place >= len(COLOURS) else None,
            label=system,
        )
        axes.bar_label(bars, fmt="%.3f", padding=2, fontsize=9)
    axes.set_xticks(range(len(measures)), measures, fontsize=11)
    axes.tick_params(axis="x", length=0)
    tops = [value for values in rows.values() for value in values.values()]
    if intervals:
        tops = [high for bounds in intervals.values() for _, high in bounds.values()]
        axes.set_ylabel("mean and 95 % confidence interval")
    axes.set_ylim(0, 1.1 * max(tops) or 1.0)
    put_grid(axes, "y", "top", "right", "left")
    axes.tick_params(axis="y", length=0)
    figure.suptitle(title, fontsize=12, fontweight="bold")
    figure.legend(loc="outside lower center", ncols=min(len(rows), 5), frameon=False)
    save(figure, path)


def draw_training(
    path: str | os.PathLike[str],
    curve: Sequence[tuple[int, float]],
    losses: Sequence[tuple[int, float]],
    measure: str,
    best_step: int,
) -> None:
    """Draw the course of a training (PNG): the dev `measure` and, below it, the loss over the steps.

    The `curve` has the dev measure by step, step 0 first; `best_step` is the step that was kept.
    """
    from matplotlib.figure import Figure

    figure = Figure(figsize=(7.0, 5.2), layout="constrained")
    upper, lower = figure.subplots(2, 1, sharex=True, height_ratios=(2, 1))
    frozen = curve[0][1]
    upper.axhline(frozen, color=COLOURS[0], linestyle="--", label=f"frozen, {frozen:.4f}")
    upper.plot(*zip(*curve, strict=True), color=COLOURS[1], marker="o", label="while training")
    kept = dict(curve)[best_step]
    upper.plot(
        best_step, kept, "o", color=COLOURS[2], markersize=11, label=f"kept: step {best_step}, {kept:.4f}"
    )
    upper.set_ylabel(measure)
    upper.legend(frameon=False)
    if losses:
        lower.plot(*zip(*losses, strict=True), color=COLOURS[3])
    lower.set_ylabel("loss")
    lower.set_xlabel("step")
    for axes in (upper, lower):
        axes.grid(color="#dddddd", linewidth=0.8)
        axes.spines[["top", "right"]].set_visible(False)
    save(figure, path)


def put_grid(axes: "Axes", along: Literal["both", "x", "y"], *hidden: str) -> None:
    """Draw grey lines behind everything, those of an axis or of ``both``; leave out some sides of the frame."""
    axes.grid(axis=along, color="#dddddd", linewidth=0.8)
    axes.set_axisbelow(True)
    axes.spines[list(hidden)].set_visible(False)


def reaches(values: Mapping[str, float], intervals: Mapping[str, Interval]) -> list[list[float]]:
    """Measure how far intervals reach below and above their values, as matplotlib wants it."""
    return [
        [value - intervals[measure][0] for measure, value in values.items()],
        [intervals[measure][1] - value for measure, value in values.items()],
    ]


def save(figure: "Figure", path: str | os.PathLike[str]) -> None:
    """Write a figure as PNG, whole or not at all."""
    with atomic_file(path, "wb") as file:
        figure.savefig(file, format="png", dpi=150)
