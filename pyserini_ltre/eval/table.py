"""Tables as text: aligned columns, Markdown, LaTeX."""

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

_MARKDOWN = re.compile(r"([*_|`])")
_LATEX = {
    **{character: f"\\{character}" for character in "&%$#_{}"},
    "\\": r"\textbackslash{}",
    "~": r"\textasciitilde{}",
    "^": r"\textasciicircum{}",
    "<": r"\textless{}",
    ">": r"\textgreater{}",
    "*": r"\textsuperscript{*}",
}


@dataclass(frozen=True)
class Table:
    """A table before it takes a form.

    Parameters
    ----------
    title : str
        Stands above it.
    header : tuple of str
        The columns' names.
    rows : list of tuple of str
        As many cells as there are columns.
    notes : tuple of str
        Sentences below it.
    """

    title: str
    header: tuple[str, ...]
    rows: list[tuple[str, ...]]
    notes: tuple[str, ...] = ()

    def plain(self) -> str:
        """Aligned columns, two spaces between them, for a terminal."""
        header, *rows = _aligned([self.header, *self.rows])
        lines = ["  ".join(header), "  ".join("-" * len(cell) for cell in header)]
        lines += ["  ".join(row) for row in rows]
        return "\n".join([self.title, "", *(line.rstrip() for line in lines), *self.notes])

    def markdown(self) -> str:
        """A heading, a table and its notes."""
        table = markdown_table(self.header, self.rows)
        notes = ["\n" + _MARKDOWN.sub(r"\\\1", note) for note in self.notes]
        return "\n".join([f"## {self.title}", "", table, *notes])

    def latex(self) -> str:
        """A ``table`` environment in the style of the package booktabs."""
        header, *rows = ([_latex(cell.strip()) for cell in row] for row in (self.header, *self.rows))
        return "\n".join(
            [
                r"\begin{table}",
                rf"  \caption{{{_latex(self.title)}}}",
                r"  \centering",
                rf"  \begin{{tabular}}{{l{'r' * (len(header) - 1)}}}",
                r"    \toprule",
                f"    {' & '.join(header)} \\\\",
                r"    \midrule",
                *(f"    {' & '.join(row)} \\\\" for row in rows),
                r"    \bottomrule",
                r"  \end{tabular}",
                *(rf"  \par\smallskip\footnotesize {_latex(note)}" for note in self.notes),
                r"\end{table}",
            ]
        )


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
    header, *rows = _aligned(lines, least=3)
    rule = ["-" * len(header[0]), *("-" * (len(cell) - 1) + ":" for cell in header[1:])]
    return "\n".join(f"| {' | '.join(line)} |" for line in (header, rule, *rows))


def _aligned(lines: Sequence[Sequence[str]], least: int = 0) -> list[list[str]]:
    """Pad the cells of each column to the same width: the first column on the right, the others on the left."""
    first, *others = (max(least, *map(len, column)) for column in zip(*lines, strict=True))
    return [
        [head.ljust(first), *(cell.rjust(width) for cell, width in zip(cells, others, strict=True))]
        for head, *cells in lines
    ]


def _latex(text: str) -> str:
    return "".join(_LATEX.get(character, character) for character in text)
