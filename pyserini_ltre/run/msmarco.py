"""MS MARCO run files: ``query id, document id, rank``, separated by tabs, a line a hit, without scores."""

import os

from pyserini_ltre.collection.lines import numbered_lines
from pyserini_ltre.collection.records import Run
from pyserini_ltre.errors import InputError
from pyserini_ltre.files import atomic_file


def read_msmarco_run(path: str | os.PathLike) -> Run:
    """Read an MS MARCO run file.

    Parameters
    ----------
    path : path
        Three columns separated by any white space.

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
    for number, line in numbered_lines(path):
        columns = line.split()
        if len(columns) != 3:
            raise InputError(f"{path}:{number}: {len(columns)} columns; write query id, document id, rank")
        qid, docid, written = columns
        rank = int(written) if written.isascii() and written.isdecimal() else 0
        if rank < 1:
            raise InputError(f"{path}:{number}: rank {written!r} is no whole number from 1 on; correct it")
        hits = run.setdefault(qid, {})
        if docid in hits or (qid, rank) in taken:
            what = f"document {docid}" if docid in hits else f"rank {rank}"
            raise InputError(f"{path}:{number}: query {qid} has {what} twice; correct one of the two lines")
        taken.add((qid, rank))
        hits[docid] = 1.0 / rank
    return run


def write_msmarco_run(path: str | os.PathLike, run: Run) -> None:
    """Write an MS MARCO run file, best hit first, ranks from 1, ties by document id.

    Parameters
    ----------
    path : path
        The file.
    run : dict of str to dict of str to float
        Query id -> document id -> score.
    """
    with atomic_file(path) as file:
        for qid, hits in run.items():
            best_first = sorted(hits, key=lambda docid: (-hits[docid], docid))
            file.writelines(f"{qid}\t{docid}\t{rank}\n" for rank, docid in enumerate(best_first, start=1))
