"""Tables in plain text that are Markdown at the same time."""

from collections.abc import Iterable, Sequence


def markdown_table(header: Sequence[str], rows: Iterable[Sequence[object]]) -> str:
    """Lay out a Markdown table with aligned columns: the first to the left, the others to the right.

    Parameters
    ----------
    header : sequence of str
        The columns' names.
    rows : iterable of sequences
        As many cells as there are columns; numbers are best formatted by the caller.

    Returns
    -------
    str
        The table, without a line break at its end.
    """
    lines = [[str(cell).replace("|", "\\|") for cell in row] for row in (header, *rows)]
    widths = [max(3, *map(len, column)) for column in zip(*lines, strict=True)]
    rule = ["-" * widths[0], *("-" * (width - 1) + ":" for width in widths[1:])]
    lines.insert(1, rule)
    return "\n".join(
        "| "
        + " | ".join(
            cell.rjust(width) if place else cell.ljust(width)
            for place, (cell, width) in enumerate(zip(line, widths, strict=True))
        )
        + " |"
        for line in lines
    )
