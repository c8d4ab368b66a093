"""Work on run files: ``python -m pyserini_ltre.run fuse | check | convert | package``."""

import argparse
from pathlib import Path

from pyserini_ltre.collection import read_queries
from pyserini_ltre.collection.lines import numbered_lines
from pyserini_ltre.errors import InputError, exit_on_input_error, visible, visible_lines
from pyserini_ltre.files import check_output_directory
from pyserini_ltre.outputs import check_outputs
from pyserini_ltre.registry import find
from pyserini_ltre.run.check import Checked, check_run
from pyserini_ltre.run.fuse import HITS, RANK_CONSTANT
from pyserini_ltre.run.fuse_command import combine
from pyserini_ltre.run.normalise import NORMALISATIONS
from pyserini_ltre.run.rewrite import convert, package


def parse_arguments(argv: list[str] | None = None) -> argparse.Namespace:
    """Command line of ``python -m pyserini_ltre.run``."""
    parser = argparse.ArgumentParser(prog="python -m pyserini_ltre.run", description=__doc__)
    commands = parser.add_subparsers(dest="command", required=True)
    _add_fuse(commands.add_parser("fuse", help="combine run files of the same queries"))
    _add_check(commands.add_parser("check", help="find what a track would refuse; exit status 1 if anything"))
    command = commands.add_parser("convert", help="write a run in another format, order, length, or tag")
    command.add_argument("file", help="TREC or MS MARCO run file")
    command.add_argument("--output", required=True, help="file to write")
    command.add_argument(
        "--to", choices=("trec", "msmarco"), default="trec", help="its format (default: trec)"
    )
    command.add_argument("--hits", type=int, help="keep the best hits of each query (default: all)")
    command.add_argument("--tag", help="new tag of a TREC run (default: the one that it has)")
    command.add_argument("--overwrite", action="store_true", help="replace what is there already")
    command = commands.add_parser("package", help="check a run, gzip it, and describe it, for handing in")
    _add_check(command)
    command.add_argument("--output", required=True, help="directory to write")
    command.add_argument("--description", default="", help="how the run was made, in words")
    command.add_argument("--overwrite", action="store_true", help="replace a directory that is not empty")
    return parser.parse_args(argv)


@exit_on_input_error
def main(argv: list[str] | None = None) -> None:
    """Run one of the commands; exit status 1 if a check has findings, 2 if the input cannot be used."""
    arguments = parse_arguments(argv)
    if arguments.command != "check":
        check_outputs(vars(arguments), ("output", "weights_output"), arguments.overwrite)
    if arguments.command == "fuse":
        combine(arguments)
    elif arguments.command == "convert":
        run = convert(arguments.file, arguments.output, arguments.to, arguments.hits, arguments.tag)
        print(f"{len(run)} queries, {sum(map(len, run.values()))} hits in {arguments.output}")
    else:
        _check_and_package(arguments)


def known_docids(name: str) -> set[str]:
    """Read the document ids of a collection.

    They are in a file with an id a line (what follows a tab does not count), a dense index directory, or a registered
    index; an `InputError` says if there is no such file.
    """
    path = find("indexes", name)
    if path.is_dir():
        path = path / "docid"
        if not path.is_file():
            raise InputError(f"{path.parent}: no file docid; name a file with a document id a line")
    return {line.partition("\t")[0].strip() for _, line in numbered_lines(path)}


def _check_and_package(arguments: argparse.Namespace) -> None:
    to_package = arguments.command == "package"
    if to_package:
        check_output_directory(arguments.output, arguments.overwrite)
    topics = read_queries(find("topics", arguments.topics)) if arguments.topics else None
    docids = known_docids(arguments.docids) if arguments.docids else None
    checked = check_run(arguments.file, arguments.task, topics, docids)
    for finding in checked.findings:
        place = arguments.file if finding.line is None else f"{arguments.file}:{finding.line}"
        print(visible(f"{place}: {finding.text}"))
    if checked.findings:
        print(f"{len(checked.findings)} findings in {checked.lines} lines")
        raise SystemExit(1)
    print(visible_lines(_summary(arguments.file, checked)))
    if to_package:
        options = {"topics": arguments.topics, "docids": arguments.docids}
        against = {what: Path(name).name for what, name in options.items() if name}
        packed = package(
            arguments.file,
            arguments.output,
            checked,
            arguments.task,
            arguments.description,
            against,
            arguments.overwrite,
        )
        print(f"{packed}: {packed.stat().st_size} bytes; described in {packed.with_suffix('.json')}")


def _summary(file: str, checked: Checked) -> str:
    fewest, most = min(checked.hits.values()), max(checked.hits.values())
    lines = [
        f"{file}: no findings; {len(checked.hits)} queries, {checked.lines} lines, {fewest} to {most} a query"
    ]
    if checked.ties:
        lines.append(
            f"note: {checked.ties} lines have the score of the line before; trec_eval orders them by document id"
        )
    return "\n".join(lines)


def _add_fuse(command: argparse.ArgumentParser) -> None:
    command.add_argument("--runs", nargs="+", required=True, help="TREC run files")
    command.add_argument("--output", required=True, help="run file to write")
    command.add_argument(
        "--method",
        choices=("rrf", "interpolation", "sum"),
        default="rrf",
        help="reciprocal rank; two runs with weights that add up to 1; any weights (default: rrf)",
    )
    command.add_argument(
        "--weights",
        nargs="+",
        default=[],
        metavar="FILE=WEIGHT",
        help="weights of runs, by file; for interpolation, one is enough (default: all the same)",
    )
    command.add_argument("--weights-output", metavar="FILE", help="JSON file to write: run file -> weight")
    command.add_argument(
        "--normalise",
        "--normalize",
        choices=NORMALISATIONS,
        default="none",
        help="what to do with a run's scores for a query first (default: none)",
    )
    command.add_argument(
        "--missing",
        choices=("zero", "lowest"),
        help="score of a document that a run lacks: 0 as in pyserini.fusion, or the run's lowest for the query as "
        "in pyserini.search.hybrid (default: zero; with z-score, lowest)",
    )
    command.add_argument("--rrf-k", type=int, default=RANK_CONSTANT, help="added to each rank (default: 60)")
    command.add_argument("--depth", type=int, default=HITS, help="hits of each run to use (default: 1000)")
    command.add_argument("--hits", type=int, default=HITS, help="hits of a query to write (default: 1000)")
    command.add_argument("--tag", default="fusion", help="tag of the new run (default: fusion)")
    command.add_argument("--overwrite", action="store_true", help="replace what is there already")
    command.add_argument("--tune", action="store_true", help="choose the weights on dev queries")
    command.add_argument("--dev-runs", nargs="+", help="runs of the dev queries, in the order of --runs")
    command.add_argument("--qrels", help="judgements of the dev queries: a file or a registered name")
    command.add_argument("--measure", default="nDCG@10", help="what --tune goes by (default: nDCG@10)")


def _add_check(command: argparse.ArgumentParser) -> None:
    command.add_argument("file", help="run file, gzipped if its name ends in .gz")
    command.add_argument(
        "--topics", help="the queries that it should have: a file or a registered name (default: any)"
    )
    command.add_argument(
        "--docids",
        help="the documents that it may have: a file with an id a line, or a dense index (default: any)",
    )
    command.add_argument(
        "--task", choices=("trec", "msmarco"), default="trec", help="format of the run (default: trec)"
    )


if __name__ == "__main__":
    main()
