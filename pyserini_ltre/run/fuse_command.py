"""What ``run fuse`` does: read the runs, find the weights, combine, write, and tell."""

import argparse
import sys
from collections.abc import Sequence
from pathlib import Path

from pyserini_ltre.collection import Qrels, read_qrels
from pyserini_ltre.collection.records import Run
from pyserini_ltre.collection.runs import checked_tag, read_run, write_run
from pyserini_ltre.errors import InputError, visible
from pyserini_ltre.json_files import write_json
from pyserini_ltre.registry import find
from pyserini_ltre.run.fuse import Missing, reciprocal_rank, weighted_sum
from pyserini_ltre.run.tune import Weights, candidate_weights, tune_weights


def combine(arguments: argparse.Namespace) -> None:
    """Combine run files as ``python -m pyserini_ltre.run fuse`` was told, and print what was done.

    An `InputError` says if options do not go together, or a file is malformed.
    """
    check_options(arguments)
    # Sorted by name, so that not even a choice among equally good weights depends on how they were typed.
    dev_files = arguments.dev_runs or [""] * len(arguments.runs)
    pairs = sorted(zip(arguments.runs, dev_files, strict=True))
    files = [file for file, _ in pairs]
    runs = [read_run(file) for file in files]
    if arguments.method == "rrf":
        fused = reciprocal_rank(runs, arguments.rrf_k, arguments.depth, arguments.hits)
        scoring = f"1 / ({arguments.rrf_k} + rank)"
    else:
        if arguments.tune:
            qrels = read_qrels(find("qrels", arguments.qrels))
            weights = _tuned(arguments, files, [read_run(file) for _, file in pairs], runs, qrels)
        else:
            weights = named_weights(arguments.weights, files, arguments.method)
        missing = arguments.missing or default_missing(arguments.normalise)
        fused = weighted_sum(runs, weights, arguments.normalise, missing, arguments.depth, arguments.hits)
        named = zip(_short_names(files), weights, strict=True)
        scoring = " ".join(f"{name}={weight:g}" for name, weight in named)
        if arguments.weights_output:
            write_json(Path(arguments.weights_output), dict(zip(files, weights, strict=True)))
    write_run(arguments.output, fused, arguments.tag, decimals=None)
    hits = sum(map(len, fused.values()))
    print(visible(f"{scoring} -> {arguments.output}: {len(fused)} queries, {hits} hits"))
    lacking = sum(any(qid not in run for run in runs) for qid in fused)
    if lacking:
        print(f"note: {lacking} of {len(fused)} queries are not in every run", file=sys.stderr)


def check_options(arguments: argparse.Namespace) -> None:
    """Refuse options that do not go together before anything is read."""
    runs, dev_runs = arguments.runs, arguments.dev_runs
    checked_tag(arguments.tag)
    if len(runs) < 2:
        raise InputError("--runs: name two run files or more")
    if len({Path(file).resolve() for file in runs}) < len(runs):
        raise InputError("--runs: a run file is named twice; name each once")
    if arguments.method == "interpolation" and len(runs) != 2:
        raise InputError(f"--method interpolation takes two runs, not {len(runs)}; use --method sum")
    of_scores = arguments.tune or arguments.weights or arguments.weights_output
    if arguments.method == "rrf" and (of_scores or arguments.normalise != "none"):
        raise InputError(
            "--method rrf goes by ranks: leave --weights, --weights-output, --normalise and --tune out"
        )
    if arguments.tune:
        if arguments.weights:
            raise InputError("--tune finds the weights; leave --weights out")
        if not arguments.qrels or not dev_runs:
            raise InputError("--tune needs --qrels and --dev-runs: runs of dev queries, and their judgements")
        if len(dev_runs) != len(runs):
            raise InputError(
                f"--dev-runs: {len(dev_runs)} files for {len(runs)} runs; name one for each, in the same order"
            )
    elif arguments.qrels or dev_runs:
        raise InputError("--qrels and --dev-runs are for --tune; add it, or leave them out")
    for option in ("hits", "depth", "rrf_k"):
        if getattr(arguments, option) < 1:
            raise InputError(f"--{option.replace('_', '-')} {getattr(arguments, option)}: give 1 or more")


def default_missing(normalise: str) -> Missing:
    """What a document that a run lacks gets: 0 as in ``pyserini.fusion``, but that would be the mean z-score."""
    return "lowest" if normalise == "z-score" else "zero"


def named_weights(named: Sequence[str], files: Sequence[str], method: str) -> Weights:
    """Weights of run files, in the order of the files.

    Named are ``FILE=WEIGHT``; the file as it was named, or its last part alone if no other has the same. Unnamed files
    get what is left to 1, in equal parts (interpolation), or a weight of 1 each (sum).

    Raises
    ------
    InputError
        If a name fits no file or several, a weight is no number, or two weights of an interpolation do not add
        up to 1.
    """
    weights: dict[str, float] = {}
    for text in named:
        name, equals, written = text.rpartition("=")
        fitting = [file for file in files if file == name] or [f for f in files if Path(f).name == name]
        if not equals or len(fitting) != 1:
            raise InputError(f"--weights {text}: write FILE=WEIGHT with one of the files {', '.join(files)}")
        if fitting[0] in weights:
            raise InputError(f"--weights: {name} has two weights; give one")
        try:
            weights[fitting[0]] = float(written)
        except ValueError:
            raise InputError(f"--weights {text}: {written!r} is no number; write one such as 0.3") from None
        if not abs(weights[fitting[0]]) < float("inf"):
            raise InputError(f"--weights {text}: give a finite number")
    rest = 1.0
    if method == "interpolation":
        left = len(files) - len(weights)
        rest = (1.0 - sum(weights.values())) / left if left else 0.0
        off = 0.0 if left else abs(sum(weights.values()) - 1.0)
        # Those that --tune prints are rounded.
        if min([rest, *weights.values()]) < 0 or off > 1e-3:
            raise InputError(
                "--method interpolation: weights of 0 to 1 that add up to 1; or use --method sum"
            )
    return tuple(weights.get(file, rest) for file in files)


def _tuned(
    arguments: argparse.Namespace, files: list[str], dev_runs: list[Run], runs: list[Run], qrels: Qrels
) -> Weights:
    judged = {qid for run in dev_runs for qid in run} & qrels.keys()
    if not judged:
        raise InputError(
            f"{arguments.qrels}: judges none of the queries in --dev-runs; give their judgements"
        )
    best, values = tune_weights(
        dev_runs,
        qrels,
        candidate_weights(dev_runs, arguments.normalise),
        arguments.measure,
        arguments.normalise,
        arguments.missing or default_missing(arguments.normalise),
        arguments.depth,
    )
    print(visible(f"weights by {arguments.measure} on {len(judged)} dev queries ({arguments.qrels}):"))
    alone = {weights for weights in values if max(weights) == sum(weights)}
    # Of two runs, every step; of more, each run alone and the ten best.
    leading = sorted(values, key=lambda weights: -values[weights])[:10]
    shown = values if len(files) == 2 else alone | set(leading) | {best}
    names = _short_names(files)
    print(visible("  " + "  ".join([*(f"{name:<8}" for name in names), arguments.measure])))
    for weights in sorted(shown):
        columns = [f"{weight:<{max(len(name), 8)}g}" for name, weight in zip(names, weights, strict=True)]
        print("  " + "  ".join([*columns, f"{values[weights]:.4f}{'  <- best' if weights == best else ''}"]))
    overlap = sum(any(qid in run for run in runs) for qid in judged)
    if overlap:
        print(
            f"note: {overlap} of the dev queries are in the runs that are combined: the measures of these "
            "queries are not those of unseen ones",
            file=sys.stderr,
        )
    return best


def _short_names(files: Sequence[str]) -> list[str]:
    """The last parts of the names, if they are enough to tell the files apart."""
    names = [Path(file).name for file in files]
    return names if len(set(names)) == len(names) else list(files)
