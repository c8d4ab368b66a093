"""Compared runs as pictures: gains query by query, and quality against speed."""

import os
from collections.abc import Mapping

from pyserini_ltre.eval.pictures import COLOURS, Interval, put_grid, reaches, save

MARKERS = "osD^vPX*"


def draw_gains(
    path: str | os.PathLike[str], values: Mapping[str, Mapping[str, float]], baseline: str, measure: str
) -> None:
    """Draw what each query gained and lost against a baseline (PNG), sorted by gain, a panel for each other system.

    The `values` of the `measure` go by system and query id; all systems have the same queries.
    """
    from matplotlib.figure import Figure

    others = [system for system in values if system != baseline]
    figure = Figure(figsize=(8.0, 0.9 + 1.9 * len(others)), layout="constrained")
    panels = figure.subplots(len(others), 1, sharex=True, sharey=True, squeeze=False)[:, 0]
    for axes, system in zip(panels, others, strict=True):
        # Rounded, so that rounding errors are neither gains nor losses.
        gains = [round(values[system][qid] - value, 9) for qid, value in values[baseline].items()]
        gains.sort(reverse=True)
        places = range(1, len(gains) + 1)
        better, worse = sum(gain > 0 for gain in gains), sum(gain < 0 for gain in gains)
        for positive, colour in ((True, COLOURS[1]), (False, COLOURS[6])):
            heights = [gain if (gain > 0) == positive else 0.0 for gain in gains]
            axes.fill_between(places, heights, step="mid", color=colour, linewidth=0)
        axes.axhline(0, color="#333333", linewidth=0.8)
        axes.set_title(
            f"{system}: {better} better, {gains.count(0.0)} equal, {worse} worse; mean {sum(gains) / len(gains):+.4f}",
            fontsize=10,
            loc="left",
        )
        put_grid(axes, "y", "top", "right", "bottom")
    panels[-1].set_xlabel("queries, the largest gain first")
    figure.supylabel(f"{measure} minus that of {baseline}", fontsize=10)
    save(figure, path)


def draw_trade_off(
    path: str | os.PathLike[str],
    values: Mapping[str, float],
    speeds: Mapping[str, float],
    measure: str,
    intervals: Mapping[str, Interval],
) -> None:
    """Draw quality against speed (PNG); a line joins the systems that no other beats in both.

    Parameters
    ----------
    path : path
        The file, which should end in ``.png``.
    values, intervals, speeds : mapping of str to float or (float, float)
        System -> value of the `measure`, its 95 % confidence interval, and queries a second.
    """
    from matplotlib.figure import Figure
    from matplotlib.ticker import LogLocator, NullFormatter

    figure = Figure(figsize=(7.0, 4.4), layout="constrained")
    axes = figure.add_subplot()
    best: list[str] = []
    for system in sorted(values, key=lambda system: (-speeds[system], -values[system])):
        if not best or values[system] > values[best[-1]]:
            best.append(system)
    frontier = [speeds[system] for system in best], [values[system] for system in best]
    axes.plot(*frontier, color="#bbbbbb", linestyle="--", zorder=1)
    for place, (system, value) in enumerate(values.items()):
        axes.errorbar(
            speeds[system],
            value,
            yerr=reaches({measure: value}, {measure: intervals[system]}),
            marker=MARKERS[place % len(MARKERS)],
            markersize=9,
            color=COLOURS[place % len(COLOURS)],
            elinewidth=1.2,
            capsize=3,
            linestyle="none",
            label=f"{system}: {value:.4f}, {speeds[system]:g} queries/s",
        )
    axes.set_xscale("log")
    axes.xaxis.set_major_locator(LogLocator(subs=(1, 2, 5)))
    axes.xaxis.set_major_formatter("{x:g}")
    axes.xaxis.set_minor_formatter(NullFormatter())
    axes.set_xlabel("queries a second (logarithmic)")
    axes.set_ylabel(f"{measure}\nmean and 95 % confidence interval")
    axes.margins(0.15)
    put_grid(axes, "both", "top", "right")
    figure.legend(loc="outside lower center", ncols=2, frameon=False)
    save(figure, path)
