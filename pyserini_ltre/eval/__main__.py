"""Measure run files and compare them: ``python -m pyserini_ltre.eval --qrels QRELS --runs A B --baseline A``."""

import argparse
import os
from collections.abc import Sequence
from pathlib import Path

from pyserini_ltre.collection import Qrels, Queries, read_qrels, read_queries, read_run
from pyserini_ltre.errors import InputError, exit_on_input_error, visible_lines
from pyserini_ltre.eval.comparison import MeasuredRun, compare_groups, measure_run
from pyserini_ltre.eval.comparison_pictures import draw_gains, draw_trade_off
from pyserini_ltre.eval.groups import query_groups
from pyserini_ltre.eval.measures import DEFAULT_MEASURES, is_average, parse_measure
from pyserini_ltre.eval.pictures import draw_measures
from pyserini_ltre.eval.report import FORMATS, Report, per_query_csv
from pyserini_ltre.files import atomic_file
from pyserini_ltre.outputs import check_outputs


def parse_arguments(argv: list[str] | None = None) -> argparse.Namespace:
    """Command line of ``python -m pyserini_ltre.eval``."""
    parser = argparse.ArgumentParser(prog="python -m pyserini_ltre.eval", description=__doc__)
    names = "TREC or BEIR, .gz too, or pyserini:NAME"
    parser.add_argument("--qrels", required=True, help=f"judgements: {names}")
    parser.add_argument("--runs", required=True, nargs="+", help="TREC run files, .gz too")
    parser.add_argument("--baseline", help="run file that the others are compared with")
    parser.add_argument(
        "--measures",
        nargs="+",
        default=list(DEFAULT_MEASURES),
        help=f"in ir-measures' notation (default: {' '.join(DEFAULT_MEASURES)})",
    )
    training = parser.add_argument_group("overlap with training: the results are divided by it")
    training.add_argument("--train-qrels", help=f"judgements of the training queries: {names}")
    training.add_argument(
        "--train-queries", help="training queries: tsv (id, text), BEIR jsonl, or pyserini:NAME"
    )
    training.add_argument("--queries", help="the queries of --qrels, to compare with --train-queries")
    output = parser.add_argument_group("output")
    output.add_argument("--format", choices=list(FORMATS), default="table", help="default: table")
    output.add_argument("--output", help="file to write (default: print)")
    output.add_argument("--per-query", help="CSV file to write: a line a query and run")
    output.add_argument("--pictures", help="folder to write measures.png, gains.png and trade-off.png into")
    output.add_argument("--overwrite", action="store_true", help="replace files that are there already")
    output.add_argument(
        "--speed",
        nargs="+",
        default=[],
        metavar="RUN=QPS",
        help="queries a second of runs, for trade-off.png",
    )
    return parser.parse_args(argv)


@exit_on_input_error
def main(argv: list[str] | None = None) -> None:
    """Measure the runs, compare them, and write what was asked for."""
    arguments = parse_arguments(argv)
    check_outputs(vars(arguments), ("output", "per_query", "pictures"), arguments.overwrite)
    measures = tuple(dict.fromkeys(arguments.measures))
    for measure in measures:
        parse_measure(measure)
    files, baseline = run_names(arguments.runs, arguments.baseline)
    speeds = read_speeds(arguments.speed, list(files))
    qrels = read_qrels(arguments.qrels)
    groups = query_groups(qrels, *_training(arguments))
    # One run after the other, so that only one is in memory.
    runs = {name: _measured(file, qrels, arguments.qrels, measures) for name, file in files.items()}
    report = Report(arguments.qrels, measures, baseline, compare_groups(runs, groups, baseline))
    text = FORMATS[arguments.format](report)
    if arguments.output:
        with atomic_file(arguments.output) as file:
            file.write(f"{text}\n")
    else:
        print(visible_lines(text))
    if arguments.per_query:
        with atomic_file(arguments.per_query) as file:
            file.write(f"{per_query_csv(runs, groups)}\n")
    if arguments.pictures:
        draw_pictures(arguments.pictures, report, runs, speeds)


def draw_pictures(
    folder: str | os.PathLike[str], report: Report, runs: dict[str, MeasuredRun], speeds: dict[str, float]
) -> None:
    """Draw the runs on all queries; the gains only with a baseline, the trade-off only with speeds."""
    everything, first = report.groups[0], report.measures[0]
    scores = {name: of_run.measures for name, of_run in everything.runs.items()}
    averages = [measure for measure in report.measures if is_average(measure)]
    means = {
        name: {measure: of_run[measure].value for measure in averages} for name, of_run in scores.items()
    }
    bounds = {
        name: {measure: score.interval for measure, score in of_run.items() if score.interval is not None}
        for name, of_run in scores.items()
    }
    if averages:
        title = f"{Path(report.qrels).name}, {everything.queries} queries"
        draw_measures(Path(folder) / "measures.png", means, title, bounds)
    if report.baseline is not None and len(runs) > 1:
        per_query = {name: run.values[first] for name, run in runs.items()}
        draw_gains(Path(folder) / "gains.png", per_query, report.baseline, first)
    if speeds and averages:
        draw_trade_off(
            Path(folder) / "trade-off.png",
            {name: means[name][averages[0]] for name in speeds},
            speeds,
            averages[0],
            {name: bounds[name][averages[0]] for name in speeds},
        )


def run_names(runs: Sequence[str], baseline: str | None) -> tuple[dict[str, str], str | None]:
    """Name run files after themselves, without folder and ending where that tells them apart.

    The baseline is a path, which need not be among the runs, or the name that one of them gets. Gives name -> path, the
    baseline first if it was not among the runs, and the baseline's name.

    Raises
    ------
    InputError
        If a run is there twice, or the baseline is no run.
    """
    paths = [str(Path(run)) for run in runs]
    by_stem = {_stem(path): path for path in paths}
    if baseline in by_stem and not Path(baseline).exists():
        baseline = by_stem[baseline]
    elif baseline is not None:
        baseline = str(Path(baseline))
        if baseline not in paths:
            paths.insert(0, baseline)
    stems = [_stem(path) for path in paths]
    files = {stem if stems.count(stem) == 1 else path: path for stem, path in zip(stems, paths, strict=True)}
    if len(files) < len(paths):
        twice = next(path for path in paths if paths.count(path) > 1)
        raise InputError(f"--runs: {twice} is there twice; name it once")
    return files, None if baseline is None else next(name for name in files if files[name] == baseline)


def read_speeds(speeds: Sequence[str], runs: Sequence[str]) -> dict[str, float]:
    """Read ``RUN=QPS``, queries a second of a run; an `InputError` if that names no run or is not above 0."""
    read = {}
    for given in speeds:
        name, _, number = given.rpartition("=")
        if name not in runs:
            raise InputError(f"--speed {given}: {name!r} is no run; name one of {', '.join(runs)}")
        try:
            read[name] = float(number)
        except ValueError:
            read[name] = 0.0
        if not 0 < read[name] < float("inf"):
            raise InputError(
                f"--speed {given}: {number!r} is no number of queries a second; write one above 0"
            )
    return read


def _stem(path: str) -> str:
    return Path(path.removesuffix(".gz")).stem


def _training(arguments: argparse.Namespace) -> tuple[Qrels | None, Queries | None, Queries | None]:
    """Read what is known of training: judgements, the queries under test, the training queries."""
    if arguments.train_queries and not arguments.queries:
        raise InputError("--train-queries needs --queries, the texts of the judged queries; add it")
    if arguments.queries and not arguments.train_queries:
        raise InputError("--queries is only compared with --train-queries; add that, or leave it out")
    return (
        read_qrels(arguments.train_qrels) if arguments.train_qrels else None,
        read_queries(arguments.queries) if arguments.queries else None,
        read_queries(arguments.train_queries) if arguments.train_queries else None,
    )


def _measured(path: str, qrels: Qrels, qrels_from: str, measures: Sequence[str]) -> MeasuredRun:
    run = read_run(path)
    if not any(qid in qrels for qid in run):
        raise InputError(
            f"{path}: none of its {len(run)} queries ({next(iter(run))} ...) is judged in {qrels_from} "
            f"({next(iter(qrels))} ...); name judgements of the same queries"
        )
    return measure_run(run, qrels, measures)


if __name__ == "__main__":
    main()
