"""A run file in another format, order or length, or under another tag."""

import os
from typing import Literal

from pyserini_ltre.collection.lines import numbered_lines
from pyserini_ltre.collection.records import Run, best_first
from pyserini_ltre.collection.runs import (
    checked_tag,
    read_msmarco_run,
    read_run,
    write_msmarco_run,
    write_run,
)
from pyserini_ltre.errors import InputError

Format = Literal["trec", "msmarco"]
COLUMNS: dict[int, Format] = {6: "trec", 3: "msmarco"}
TAG = "converted"


def convert(
    source: str | os.PathLike,
    output: str | os.PathLike,
    to: Format = "trec",
    hits: int | None = None,
    tag: str | None = None,
) -> Run:
    """Write a run file anew: hits in the order of their scores, ties by document id, ranks from 1.

    Parameters
    ----------
    source : path
        A TREC or an MS MARCO run file; its first line tells which.
    output : path
        The file to write.
    to : {"trec", "msmarco"}
        Its format. Scores that an MS MARCO file does not have become 1 / rank.
    hits : int, optional
        How many hits of a query to keep; by default all.
    tag : str, optional
        Tag of a TREC run; by default the one that it has.

    Returns
    -------
    dict of str to dict of str to float
        What was written.

    Raises
    ------
    InputError
        If a line is malformed, the tag cannot be one, or `hits` is not positive.
    """
    if hits is not None and hits < 1:
        raise InputError(f"`hits` {hits}: keep 1 or more")
    if tag is not None:
        checked_tag(tag)
    _, line = next(numbered_lines(source))
    columns = line.split()
    kind = COLUMNS.get(len(columns))
    if kind is None:
        raise InputError(
            f"{source}:1: {len(columns)} columns; a TREC run has six (query id, Q0, document id, rank, score, "
            "tag), an MS MARCO run three (query id, document id, rank)"
        )
    run = read_run(source) if kind == "trec" else read_msmarco_run(source)
    if hits is not None:
        run = {qid: {docid: found[docid] for docid in best_first(found)[:hits]} for qid, found in run.items()}
    if to == "msmarco":
        write_msmarco_run(output, run)
    else:
        write_run(output, run, tag or (columns[5] if kind == "trec" else TAG), decimals=None)
    return run
