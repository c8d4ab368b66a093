"""A run file written anew: in another format, order or length, under another tag, or packed for handing in."""

import gzip
import hashlib
import json
import os
import shutil
from pathlib import Path
from typing import Literal

from pyserini_ltre.collection.lines import numbered_lines, open_bytes
from pyserini_ltre.collection.records import Run, best_first
from pyserini_ltre.collection.runs import (
    checked_tag,
    read_msmarco_run,
    read_run,
    write_msmarco_run,
    write_run,
)
from pyserini_ltre.errors import InputError
from pyserini_ltre.files import atomic_directory
from pyserini_ltre.run.check import Checked, Task

Format = Literal["trec", "msmarco"]
COLUMNS: dict[int, Format] = {6: "trec", 3: "msmarco"}
TAG = "converted"


def convert(
    source: str | os.PathLike[str],
    output: str | os.PathLike[str],
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


def package(
    path: str | os.PathLike[str],
    output: str | os.PathLike[str],
    checked: Checked,
    task: Task = "trec",
    description: str = "",
    against: dict[str, str] | None = None,
    overwrite: bool = False,
) -> Path:
    """Write a directory with the gzipped run and its description.

    The same run gives the same bytes: the gzip file holds no date and no file name.

    Parameters
    ----------
    path : path
        The run file.
    output : path
        The directory to write: ``TAG.gz`` and ``TAG.json``; an MS MARCO run, which has no tag, goes by its file.
    checked : Checked
        What `check_run` says about it.
    task : {"trec", "msmarco"}
        Its format.
    description : str
        How the run was made, in words.
    against : dict of str to str, optional
        What it was checked against: ``topics`` and ``docids``, and the file of each.
    overwrite : bool
        Whether a directory that is not empty may be replaced.

    Returns
    -------
    Path
        The gzipped run.

    Raises
    ------
    InputError
        If the check has findings.
    """
    if checked.findings:
        raise InputError(f"{path}: {len(checked.findings)} findings; mend them before handing the run in")
    name = next(iter(checked.tags)) if task == "trec" else Path(path).name.removesuffix(".gz")
    with atomic_directory(output, overwrite) as directory:
        packed = directory / f"{name}.gz"
        with (
            open_bytes(path) as source,
            open(packed, "wb") as file,
            gzip.GzipFile(filename="", mode="wb", fileobj=file, mtime=0) as target,
        ):
            shutil.copyfileobj(source, target)
        content = packed.read_bytes()
        record = {
            "run": packed.name,
            "task": task,
            "description": description,
            "queries": len(checked.hits),
            "lines": checked.lines,
            "hits per query": {"fewest": min(checked.hits.values()), "most": max(checked.hits.values())},
            "checked against": against or {},
            "bytes": len(content),
            "md5": hashlib.md5(content, usedforsecurity=False).hexdigest(),
            "sha256": hashlib.sha256(content).hexdigest(),
        }
        text = json.dumps(record, indent=2, ensure_ascii=False)
        (directory / f"{name}.json").write_text(text + "\n", encoding="utf-8")
    return Path(output) / packed.name
