"""Results as pictures."""

import os
from collections.abc import Mapping, Sequence

from pyserini_ltre.files import whole_file

# Okabe and Ito's palette: told apart by colour-blind readers, and of different brightness in print.
_COLOURS = ("#999999", "#0072B2", "#E69F00", "#009E73", "#CC79A7", "#56B4E9", "#D55E00", "#F0E442")


def draw_measures(path: str | os.PathLike, rows: Mapping[str, Mapping[str, float]], title: str) -> None:
    """Draw a bar chart (PNG): measures side by side, a bar for each system, its value above it.

    Parameters
    ----------
    path : path
        The file, which should end in ``.png``.
    rows : mapping of str to mapping of str to float
        System -> measure -> value, in the order in which they are drawn; every system has the same measures.
    title : str
        Stands above the chart.
    """
    # The figure is made without pyplot, which would keep it and choose a window system.
    from matplotlib.figure import Figure

    measures = list(next(iter(rows.values())))
    width = 0.84 / len(rows)
    figure = Figure(figsize=(max(6.0, 0.62 * len(rows) * len(measures) + 1.5), 4.6), layout="constrained")
    axes = figure.add_subplot()
    for place, (system, values) in enumerate(rows.items()):
        offset = (place - (len(rows) - 1) / 2) * width
        bars = axes.bar(
            [group + offset for group in range(len(measures))],
            [values[measure] for measure in measures],
            0.92 * width,
            color=_COLOURS[place % len(_COLOURS)],
            hatch="//" if place >= len(_COLOURS) else None,
            label=system,
        )
        axes.bar_label(bars, fmt="%.3f", padding=2, fontsize=9)
    axes.set_xticks(range(len(measures)), measures, fontsize=11)
    axes.tick_params(axis="x", length=0)
    axes.set_ylim(0, 1.1 * max(max(values.values()) for values in rows.values()) or 1.0)
    axes.grid(axis="y", color="#dddddd", linewidth=0.8)
    axes.set_axisbelow(True)
    axes.spines[["top", "right", "left"]].set_visible(False)
    axes.tick_params(axis="y", length=0)
    figure.get_layout_engine().set(w_pad=0.12, h_pad=0.1)
    figure.suptitle(title, fontsize=12, fontweight="bold")
    figure.legend(loc="outside lower center", ncols=min(len(rows), 5), frameon=False)
    with whole_file(path, "wb") as file:
        figure.savefig(file, format="png", dpi=150)


def draw_training(
    path: str | os.PathLike,
    curve: Sequence[tuple[int, float]],
    losses: Sequence[tuple[int, float]],
    measure: str,
    best_step: int,
) -> None:
    """Draw the course of a training (PNG): the dev measure and, below it, the loss over the steps.

    Parameters
    ----------
    path : path
        The file, which should end in ``.png``.
    curve, losses : sequence of (int, float)
        Step and dev measure, step 0 first; step and loss.
    measure : str
        Name of the dev measure.
    best_step : int
        The step that was kept.
    """
    from matplotlib.figure import Figure

    figure = Figure(figsize=(7.0, 5.2), layout="constrained")
    upper, lower = figure.subplots(2, 1, sharex=True, height_ratios=(2, 1))
    frozen = curve[0][1]
    upper.axhline(frozen, color=_COLOURS[0], linestyle="--", label=f"frozen, {frozen:.4f}")
    upper.plot(*zip(*curve, strict=True), color=_COLOURS[1], marker="o", label="while training")
    kept = dict(curve)[best_step]
    upper.plot(
        best_step, kept, "o", color=_COLOURS[2], markersize=11, label=f"kept: step {best_step}, {kept:.4f}"
    )
    upper.set_ylabel(measure)
    upper.legend(frameon=False)
    if losses:
        lower.plot(*zip(*losses, strict=True), color=_COLOURS[3])
    lower.set_ylabel("loss")
    lower.set_xlabel("step")
    for axes in (upper, lower):
        axes.grid(color="#dddddd", linewidth=0.8)
        axes.spines[["top", "right"]].set_visible(False)
    with whole_file(path, "wb") as file:
        figure.savefig(file, format="png", dpi=150)
