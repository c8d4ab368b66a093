"""Results as pictures."""

import os
from collections.abc import Mapping

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
