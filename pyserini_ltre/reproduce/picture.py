"""Scores as horizontal bars: an SVG for the page, in whose colours it is drawn."""

from html import escape

from pyserini_ltre.reproduce.conditions import BM25, DENSE

WIDTH, BAR, LABEL, GAP, TOP = 420, 13, 18, 8, 38


def draw_bars(scores: dict[str, float], title: str) -> str:
    """Draw dense conditions and their hybrids as bars, BM25 as a line: an ``<svg>``, empty without a dense condition.

    Scores, from 0 to 1, go by condition; readers who cannot see the picture are told the title.
    """
    rows = [condition for condition in DENSE if {condition.name, f"{condition.name}+bm25"} & scores.keys()]
    if not rows:
        return ""
    largest = max(scores.values()) or 1.0
    row_height = LABEL + 2 * BAR + GAP
    height = TOP + len(rows) * row_height
    shapes = [_legend(0, "plain", "alone"), _legend(70, "hybrid", "with BM25")]
    if BM25.name in scores:
        x, label = WIDTH * scores[BM25.name] / largest, f"BM25 {scores[BM25.name]:.3f}"
        shapes.append(f'<line class="sparse" x1="{x:.1f}" y1="{TOP - 6}" x2="{x:.1f}" y2="{height}"/>')
        shapes.append(f'<text class="axis" x="{x:.1f}" y="{TOP - 10}" text-anchor="middle">{label}</text>')
    for number, condition in enumerate(rows):
        top = TOP + number * row_height
        shapes.append(f'<text x="0" y="{top + 13}">{escape(condition.title)}</text>')
        pair = ((condition.name, "plain"), (f"{condition.name}+bm25", "hybrid"))
        for place, (name, style) in enumerate(pair):
            if name in scores:
                length, y = WIDTH * scores[name] / largest, top + LABEL + place * BAR
                shapes.append(
                    f'<rect class="{style}" x="0" y="{y}" width="{length:.1f}" height="{BAR - 1}"/>'
                )
                shapes.append(f'<text x="{length + 6:.1f}" y="{y + 11}">{scores[name]:.3f}</text>')
    size = f"0 0 {WIDTH + 45} {height}"
    return f'<svg viewBox="{size}" role="img" aria-label="{escape(title)}">{"".join(shapes)}</svg>'


def _legend(x: int, style: str, text: str) -> str:
    return (
        f'<rect class="{style}" x="{x}" y="0" width="11" height="11"/><text x="{x + 17}" y="10">{text}</text>'
    )
