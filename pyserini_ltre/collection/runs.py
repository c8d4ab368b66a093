"""Run files, a line a hit: TREC's six columns, and MS MARCO's three, which have no scores."""

import math
import os
import re

from pyserini_ltre.collection.lines import checked_id, shortened, split_lines, whole_number
from pyserini_ltre.collection.records import Run, best_first
from pyserini_ltre.errors import InputError
from pyserini_ltre.files import atomic_file

TAG = re.compile(r"[A-Za-z0-9_.-]{1,20}")
"""What a track takes as the tag of a run."""


def read_run(path: str | os.PathLike[str]) -> Run:
    """Read a TREC run file.

    Parameters
    ----------
    path : path
        ``query id, Q0, document id, rank, score, tag``, separated by any white space, gzipped if the name ends in
        ``.gz``; as in ``trec_eval``, the score counts and not the rank.

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
    lines = split_lines(path, 6, "query id, Q0, document id, rank, score, tag")
    for number, (qid, _, docid, _, score, _) in lines:
        # As `finite_number` does, whose call would be felt with millions of lines.
        try:
            value = float(score)
        except ValueError:
            value = math.nan
        if not math.isfinite(value) or "_" in score or not score.isascii():
            raise InputError(
                f"{path}:{number}: score {shortened(score)} is no finite number; mend or remove the line"
            )
        hits = run.setdefault(qid, {})
        if docid in hits:
            raise InputError(
                f"{path}:{number}: query {qid} has document {docid} twice; remove one of the two lines"
            )
        hits[docid] = value
    return run


def write_run(path: str | os.PathLike[str], run: Run, tag: str, decimals: int | None = 6) -> None:
    """Write a TREC run file, best hit first, ranks from 1, scores with 6 decimals as Pyserini prints them.

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

    Raises
    ------
    InputError
        If a score is not finite, or an id is empty or has white space in it: the file could not be read again.
    """
    _check(path, run)
    with atomic_file(path) as file:
        for qid, hits in run.items():
            # Adding 0.0 turns the negative zero that rounding can leave into a plain one.
            kept = {
                docid: (float(score) if decimals is None else round(float(score), decimals)) + 0.0
                for docid, score in hits.items()
            }
            for rank, docid in enumerate(best_first(kept), start=1):
                printed = repr(kept[docid]) if decimals is None else f"{kept[docid]:.{decimals}f}"
                file.write(f"{qid} Q0 {docid} {rank} {printed} {tag}\n")


def _check(path: str | os.PathLike[str], run: Run) -> None:
    """Refuse what no line of a run file can hold."""
    for name in {*run, *(docid for hits in run.values() for docid in hits)}:
        checked_id(name, str(path))
    for qid, hits in run.items():
        if not all(map(math.isfinite, hits.values())):
            docid, score = next((docid, score) for docid, score in hits.items() if not math.isfinite(score))
            raise InputError(
                f"{path}: query {qid}, document {docid}: score {score} is no finite number; see to the index, "
                "the encoder, or the scores that were combined"
            )


def read_msmarco_run(path: str | os.PathLike[str]) -> Run:
    """Read an MS MARCO run file.

    Parameters
    ----------
    path : path
        ``query id, document id, rank``, separated by any white space.

    Returns
    -------
    dict of str to dict of str to float
        Query id -> document id -> score, which is 1 / rank, in the order of the file.

    Raises
    ------
    InputError
        If a line has not three columns, a rank is no whole number from 1 on, or a query has a document or a
        rank twice; the line is named.
    """
    run: Run = {}
    taken: set[tuple[str, int]] = set()
    for number, (qid, docid, written) in split_lines(path, 3, "query id, document id, rank"):
        rank = whole_number(written)
        if rank is None or rank < 1:
            raise InputError(
                f"{path}:{number}: rank {shortened(written)} is no whole number from 1 on; correct it"
            )
        hits = run.setdefault(qid, {})
        if docid in hits or (qid, rank) in taken:
            what = f"document {docid}" if docid in hits else f"rank {rank}"
            raise InputError(f"{path}:{number}: query {qid} has {what} twice; correct one of the two lines")
        taken.add((qid, rank))
        hits[docid] = 1.0 / rank
    return run


def write_msmarco_run(path: str | os.PathLike[str], run: Run) -> None:
    """Write an MS MARCO run file, best hit first, ranks from 1, ties by document id; as strict as `write_run`."""
    _check(path, run)
    with atomic_file(path) as file:
        for qid, hits in run.items():
            file.writelines(
                f"{qid}\t{docid}\t{rank}\n" for rank, docid in enumerate(best_first(hits), start=1)
            )


def checked_tag(tag: str) -> str:
    """Return a tag that a track takes, or raise an `InputError`."""
    if not TAG.fullmatch(tag):
        raise InputError(f"tag {tag!r}: use letters, digits and - _ . only, 1 to 20 of them")
    return tag
