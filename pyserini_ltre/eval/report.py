"""Compared runs as text: tables for reading (plain, Markdown, LaTeX), CSV and JSON for programs."""

import csv
import io
import json
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass

from pyserini_ltre.collection.records import Qrels, Run
from pyserini_ltre.eval.comparison import (
    UNJUDGED_DEPTH,
    Difference,
    GroupScores,
    MeasuredRun,
    Score,
    compare_groups,
    measure_run,
)
from pyserini_ltre.eval.groups import query_groups
from pyserini_ltre.eval.measures import DEFAULT_MEASURES
from pyserini_ltre.eval.significance import RESAMPLES
from pyserini_ltre.eval.table import Table

LEVEL = 0.05
UNJUDGED = f"unjudged@{UNJUDGED_DEPTH}"
UNANSWERED = "no hits"


@dataclass(frozen=True)
class Report:
    """Everything that a form of output needs.

    Parameters
    ----------
    qrels : str
        The judgements, as they were named.
    measures : tuple of str
        In the order of the columns.
    baseline : str or None
        Name of the run that the others are compared with.
    groups : list of GroupScores
        All queries first.

    Printed, it is a table; a notebook shows it in Markdown.
    """

    qrels: str
    measures: tuple[str, ...]
    baseline: str | None
    groups: list[GroupScores]

    def __str__(self) -> str:
        return FORMATS["table"](self)

    def _repr_markdown_(self) -> str:
        return FORMATS["markdown"](self)


def compare_runs(
    runs: Mapping[str, Run],
    qrels: Qrels,
    measures: Sequence[str] = DEFAULT_MEASURES,
    baseline: str | None = None,
    train_qrels: Qrels | None = None,
) -> Report:
    """Measure runs on the same judgements, and test their differences from a baseline.

    Parameters
    ----------
    runs : mapping of str to Run
        Name -> run.
    qrels : dict of str to dict of str to int
        The judgements.
    measures : sequence of str
        Names in ir-measures' notation.
    baseline : str, optional
        Name of the run that the others are compared with.
    train_qrels : dict of str to dict of str to int, optional
        What was trained on: queries that share a relevant document with it are shown beside the others.

    Returns
    -------
    Report
        Means with confidence intervals, differences with p-values.

    Raises
    ------
    InputError
        If a measure is unknown, or no query of a run is judged.
    """
    measured = {name: measure_run(run, qrels, measures) for name, run in runs.items()}
    groups = query_groups(qrels, train_qrels)
    return Report("judgements", tuple(measures), baseline, compare_groups(measured, groups, baseline))


def as_json(report: Report) -> str:
    """Write everything as one JSON object."""
    content = {
        "qrels": report.qrels,
        "baseline": report.baseline,
        "randomisation resamples": RESAMPLES,
        "groups": [asdict(group) for group in report.groups],
    }
    return json.dumps(content, indent=2, ensure_ascii=False)


def as_csv(report: Report) -> str:
    """Write a line for each group, run and measure; what does not apply is empty."""
    header = "group queries run measure value low high difference wins ties losses".split()
    header += ["t_test_p", "t_test_p_holm", "randomisation_p", "randomisation_p_holm", UNJUDGED, UNANSWERED]
    rows = []
    for group in report.groups:
        for run, scores in group.runs.items():
            for measure, score in scores.measures.items():
                found = score.difference
                compared = ("",) * 8 if found is None else (*_counts(found), *_p_values(found))
                start = (group.name, group.queries, run, measure, score.value, *(score.interval or ("", "")))
                rows.append((*start, *compared, scores.unjudged, scores.unanswered))
    return _csv(header, rows)


FORMATS: dict[str, Callable[[Report], str]] = {
    "table": lambda report: "\n\n\n".join(table.plain() for table in _tables(report)),
    "csv": as_csv,
    "json": as_json,
    "markdown": lambda report: "\n\n".join(table.markdown() for table in _tables(report)),
    "latex": lambda report: "\n\n".join(table.latex() for table in _tables(report)),
}


def per_query_csv(runs: Mapping[str, MeasuredRun], groups: Mapping[str, Sequence[str]]) -> str:
    """Write a line for each query and run: the last group that the query is in, and all measures."""
    group_of = {qid: name for name, qids in groups.items() for qid in qids}
    measures = list(next(iter(runs.values())).values)
    rows = (
        (qid, group, run, *(measured.values[name][qid] for name in measures), measured.unjudged[qid])
        for qid, group in group_of.items()
        for run, measured in runs.items()
    )
    return _csv(("query", "group", "run", *measures, UNJUDGED), rows)


def _csv(header: Sequence[object], rows: Iterable[Iterable[object]]) -> str:
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(header)
    writer.writerows(rows)
    return text.getvalue().removesuffix("\n")


def _tables(report: Report) -> Iterator[Table]:
    for group in report.groups:
        title = f"{group.name[0].upper()}{group.name[1:]}: {group.queries}"
        yield _means(title, report, group)
        if any(score.difference for scores in group.runs.values() for score in scores.measures.values()):
            yield _differences(f"{title}, against {report.baseline}", report, group)


def _means(title: str, report: Report, group: GroupScores) -> Table:
    marked = any(_significant(score) for scores in group.runs.values() for score in scores.measures.values())
    rows = []
    for run, scores in group.runs.items():
        cells = [run]
        for score in scores.measures.values():
            mark = "" if not marked else "*" if _significant(score) else " "
            # Sums are counts.
            cells.append(f"{score.value:.{0 if score.interval is None else 4}f}{mark}")
        rows.append((*cells, f"{scores.unjudged:.1f}", str(scores.unanswered)))
    notes = [] if group.queries else ["There are none."]
    if marked:
        notes.append(f"* differs from {report.baseline}: randomisation test, Holm-corrected p < {LEVEL}")
    return Table(title, ("run", *report.measures, UNJUDGED, UNANSWERED), rows, tuple(notes))


def _differences(title: str, report: Report, group: GroupScores) -> Table:
    counts = ("wins", "ties", "losses")
    p_values = ("t-test p", "Holm's", "randomisation p", "Holm's")
    rows = []
    for measure in report.measures:
        for run, scores in group.runs.items():
            found = scores.measures[measure].difference
            if found is not None:
                mean, *queries = _counts(found)
                tests = (f"{p:.4f}" if p >= 0.0001 else "<0.0001" for p in _p_values(found))
                rows.append((run, measure, f"{mean:+.4f}", *map(str, queries), *tests))
    note = (
        f"Two-sided paired tests over {group.queries} queries. Holm's: corrected for the number of runs that are "
        f"compared by a measure ({len(group.runs) - 1}). Randomisation: {RESAMPLES} draws at most."
    )
    return Table(title, ("run", "measure", "difference", *counts, *p_values), rows, (note,))


def _significant(score: Score) -> bool:
    return score.difference is not None and score.difference.randomisation_holm < LEVEL


def _counts(found: Difference) -> tuple[float, int, int, int]:
    return found.paired.mean_difference, found.paired.wins, found.paired.ties, found.paired.losses


def _p_values(found: Difference) -> tuple[float, float, float, float]:
    return found.paired.p_value, found.t_test_holm, found.randomisation, found.randomisation_holm
