"""TREC run files: ``query id, Q0, document id, rank, score, tag``, a line a hit."""

import math
import os

from pyserini_ltre.collection.lines import numbered_lines
from pyserini_ltre.collection.records import Run
from pyserini_ltre.errors import InputError
from pyserini_ltre.files import atomic_file


def read_run(path: str | os.PathLike) -> Run:
    """Read a run file.

    Parameters
    ----------
    path : path
        Six columns separated by any white space, gzipped if the name ends in ``.gz``; as in ``trec_eval``, the
        score counts and not the rank.

    Returns
    -------
    dict of str to dict of str to float
        Query id -> document id -> score, in the order of the file.

    Raises
    ------
    InputError
        If a line has not six columns, a score is no finite number, or a query has a document twice;
        the line is named.
    """
    run: Run = {}
    for number, line in numbered_lines(path):
        columns = line.split()
        if len(columns) != 6:
            raise InputError(
                f"{path}:{number}: {len(columns)} columns; write query id, Q0, document id, rank, score, tag"
            )
        qid, _, docid, _, score, _ = columns
        try:
            value = float(score)
        except ValueError:
            value = math.nan
        if not math.isfinite(value):
            raise InputError(f"{path}:{number}: score {score!r} is no finite number; mend or remove the line")
        hits = run.setdefault(qid, {})
        if docid in hits:
            raise InputError(
                f"{path}:{number}: query {qid} has document {docid} twice; remove one of the two lines"
            )
        hits[docid] = value
    return run


def write_run(path: str | os.PathLike, run: Run, tag: str, decimals: int | None = 6) -> None:
    """Write a run file, best hit first, ranks from 1, scores with 6 decimals as Pyserini prints them.

    Parameters
    ----------
    path : path
        The file.
    run : dict of str to dict of str to float
        Query id -> document id -> score. Hits whose printed scores are the same go by document id.
    tag : str
        Name of the run, without white space.
    decimals : int, optional
        How many decimals of a score to keep; None keeps all that it has.
    """
    with atomic_file(path) as file:
        for qid, hits in run.items():
            # Adding 0.0 turns the negative zero that rounding can leave into a plain one.
            kept = {
                docid: (float(score) if decimals is None else round(float(score), decimals)) + 0.0
                for docid, score in hits.items()
            }
            best_first = sorted(kept, key=lambda docid: (-kept[docid], docid))
            for rank, docid in enumerate(best_first, start=1):
                printed = repr(kept[docid]) if decimals is None else f"{kept[docid]:.{decimals}f}"
                file.write(f"{qid} Q0 {docid} {rank} {printed} {tag}\n")
