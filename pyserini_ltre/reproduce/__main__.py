"""Repeat the measured conditions and compare their scores with the expected ones."""

import argparse
import hashlib
import sys
from pathlib import Path
from typing import Any

from pyserini_ltre.errors import InputError, exit_on_input_error, visible, visible_lines
from pyserini_ltre.reproduce.collections import KNOWN, Source, find_source, names_in
from pyserini_ltre.reproduce.conditions import CONDITIONS, Condition, named_conditions

PROGRAM = "python -m pyserini.2cr.ltre"


def parse_arguments(argv: list[str] | None = None) -> argparse.Namespace:
    """Command line of ``python -m pyserini.2cr.ltre``."""
    parser = argparse.ArgumentParser(prog=PROGRAM, description=__doc__)
    what = parser.add_mutually_exclusive_group()
    what.add_argument("--list", action="store_true", help="show the conditions and the collections")
    several: dict[str, Any] = {"action": "extend", "nargs": "+", "metavar": "NAME"}
    what.add_argument("--condition", **several, help="run these conditions")
    what.add_argument("--all", action="store_true", help="run every condition")
    parser.add_argument("--collection", **several, help="on these collections (default: all that are there)")
    parser.add_argument(
        "--data", type=Path, help="folder that holds BEIR folders named for the collections, or one of them"
    )
    parser.add_argument("--encoder", type=Path, help="encoder to start from (default: all-MiniLM-L6-v2)")
    parser.add_argument(
        "--output", type=Path, default=Path("ltre-matrix"), help="work folder (default: ltre-matrix)"
    )
    parser.add_argument(
        "--overwrite", action="store_true", help="begin anew where a collection or the encoder has changed"
    )
    parser.add_argument(
        "--report", type=Path, metavar="DIR", help="write DIR/index.html from the work folder"
    )
    parser.add_argument(
        "--record", action="store_true", help="make the scores the expected ones (for maintainers)"
    )
    arguments = parser.parse_args(argv)
    if not (arguments.list or arguments.condition or arguments.all or arguments.report):
        parser.error("say what to do: --list, --condition NAME, --all, or --report DIR")
    return arguments


@exit_on_input_error
def main(argv: list[str] | None = None) -> None:
    """Run the conditions; exit status 1 if a command or a score fails, 2 if the input cannot be used."""
    arguments = parse_arguments(argv)
    if arguments.list:
        show_list()
        return
    failed = False
    if arguments.condition or arguments.all:
        conditions = named_conditions(arguments.condition or list(CONDITIONS))
        names = arguments.collection or names_in(arguments.data)
        trained = any(condition.needs_training_queries for condition in conditions)
        sources = [find_source(name, arguments.data, trained) for name in names]
        failed = run_all(arguments, conditions, sources)
    if arguments.report:
        from pyserini_ltre.reproduce.report import write_report

        print(visible(f"report: {write_report(arguments.output, arguments.report)}"))
    if failed:
        raise SystemExit(1)


def run_all(arguments: argparse.Namespace, conditions: list[Condition], sources: list[Source]) -> bool:
    """Run the conditions on the collections, a line for each; tell whether a command or a score failed."""
    from transformers.utils import logging

    from pyserini_ltre.encode.model import BiEncoder
    from pyserini_ltre.reproduce.expected import FAIL, judge, record
    from pyserini_ltre.reproduce.matrix import Matrix
    from pyserini_ltre.reproduce.steps import Plan
    from pyserini_ltre.workflow.commands import CommandFailed, check_installed, packaged_encoder

    check_installed()
    logging.disable_progress_bar()
    encoder = arguments.encoder or packaged_encoder()
    plan = Plan(arguments.output, encoder, BiEncoder.load(encoder).dimension)
    matrix = Matrix(plan, weights_fingerprint(encoder), arguments.overwrite)
    lines, failed = [], False
    for source in sources:
        for condition in conditions:
            name = titled(source, condition)
            try:
                results = matrix.run(condition, source)
            except CommandFailed as failure:
                print(visible_lines(failure), file=sys.stderr)
                lines.append(f"{FAIL}  {name:22} {condition.name:22} a command ended with an error")
                failed = True
                continue
            if arguments.record:
                record(results, condition.name)
            verdict = judge(results, condition.name)
            failed |= verdict.status == FAIL
            lines.append(visible(verdict.line(name, condition.name)))
            print(lines[-1], flush=True)
    print("\n" + "\n".join(lines))
    return failed


def titled(source: Source, condition: Condition) -> str:
    """A collection's name, and where the encoder or the weight of BM25 comes from if not from itself."""
    if source.trained_on and condition.needs_training_queries:
        return f"{source.name} from {source.trained_on.name}"
    return source.name


def weights_fingerprint(encoder: Path) -> str:
    """The sha256, in hexadecimal, of an encoder's weights; an `InputError` if there are none."""
    from pyserini_ltre.encode.weights import WEIGHT_FILES

    for name in WEIGHT_FILES:
        if (encoder / name).is_file():
            with open(encoder / name, "rb") as file:
                return hashlib.file_digest(file, "sha256").hexdigest()
    raise InputError(f"--encoder {encoder}: no {' or '.join(WEIGHT_FILES)}; name a model directory")


def show_list() -> None:
    """Print the conditions and the collections."""
    print("conditions:")
    for condition in CONDITIONS.values():
        print(f"  {condition.name:24} {condition.title}")
    print("collections:")
    for known in KNOWN.values():
        needs = "" if known.name in names_in(None) else f"in --data: {known.name}/"
        trained_on = f"encoders and weights from {known.trained_on}" if known.trained_on else ""
        print(f"  {known.name:24} {', '.join(filter(None, (needs, trained_on))) or 'comes with Python'}")


if __name__ == "__main__":
    main()
