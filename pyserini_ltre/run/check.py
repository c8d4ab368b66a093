"""What a track's own checker would refuse in a run file: every finding, with its line, in one pass."""

import gzip
import os
import zlib
from collections.abc import Callable, Collection, Iterator
from dataclasses import dataclass, field
from typing import Literal, NamedTuple

from pyserini_ltre.collection.lines import finite_number, open_bytes, shortened, whole_number
from pyserini_ltre.collection.runs import TAG
from pyserini_ltre.errors import InputError

Task = Literal["trec", "msmarco"]
Find = Callable[[str], None]
MOST_HITS = 1000
COLUMNS = {
    "trec": "query id, Q0, document id, rank, score, tag",
    "msmarco": "query id, document id, rank, separated by tabs",
}


class Finding(NamedTuple):
    """One thing that is wrong; `line` is None where a line is missing."""

    line: int | None
    text: str


@dataclass
class Checked:
    """What was found in a run file.

    Attributes
    ----------
    findings : list of Finding
        In the order of the lines; what is missing comes last.
    lines : int
        Number of lines.
    hits : dict of str to int
        Query id -> number of its lines.
    tags : dict of str to int
        Tag -> the first line that has it.
    ties : int
        Lines with the same score as the line before: no fault, but their order is not that of ``trec_eval``.
    """

    findings: list[Finding] = field(default_factory=list)
    lines: int = 0
    hits: dict[str, int] = field(default_factory=dict)
    tags: dict[str, int] = field(default_factory=dict)
    ties: int = 0


@dataclass
class _Query:
    line_of: dict[str, int] = field(default_factory=dict)
    lines: int = 0
    rank: int | None = None
    score: float | None = None


def check_run(
    path: str | os.PathLike[str],
    task: Task = "trec",
    topics: Collection[str] | None = None,
    docids: Collection[str] | None = None,
) -> Checked:
    """Check a run file.

    Parameters
    ----------
    path : path
        The file; gzipped if its name ends in ``.gz``.
    task : {"trec", "msmarco"}
        Its format.
    topics : collection of str, optional
        The query ids that it should have, all of them and no others.
    docids : collection of str, optional
        The document ids that it may have.

    Returns
    -------
    Checked
        The findings, and what was counted.

    Raises
    ------
    InputError
        If the file cannot be read at all.
    """
    checked = Checked()
    queries: dict[str, _Query] = {}

    def find(text: str) -> None:
        checked.findings.append(Finding(checked.lines, text))

    for raw in _raw_lines(path, checked):
        checked.lines += 1
        try:
            text = raw.decode()
        except UnicodeDecodeError:
            find("not UTF-8; convert the file")
            continue
        columns = text.rstrip("\r\n").split("\t") if task == "msmarco" else text.split()
        if len(columns) != (3 if task == "msmarco" else 6):
            find(f"{len(columns) if text.strip() else 0} columns; write {COLUMNS[task]}")
            continue
        if task == "msmarco":
            qid, docid, rank = columns
        else:
            qid, constant, docid, rank, score, tag = columns
            if constant != "Q0":
                find(f"second column {constant!r}; write Q0")
            _check_tag(tag, checked, find)
        query = queries.setdefault(qid, _Query())
        query.lines += 1
        if query.lines == 1 and topics is not None and qid not in topics:
            find(f"query {qid} is none of the topics; remove its lines")
        if query.lines == MOST_HITS + 1:
            find(f"query {qid} has more than {MOST_HITS} lines; cut it (run convert --hits {MOST_HITS})")
        first = query.line_of.setdefault(docid, checked.lines)
        if first != checked.lines:
            find(f"query {qid} has document {docid} in line {first} already; remove one of the two")
        if docids is not None and docid not in docids:
            find(f"document {docid} is not in the collection; correct the id")
        _check_rank(rank, query, find)
        if task == "trec":
            checked.ties += _check_score(score, query, find)
    if not checked.lines and not checked.findings:
        checked.findings.append(Finding(None, "the file is empty; make it again"))
    checked.hits = {qid: query.lines for qid, query in queries.items()}
    for qid in topics or ():
        if qid not in queries:
            checked.findings.append(Finding(None, f"query {qid} has no line; add its hits"))
    return checked


def _raw_lines(path: str | os.PathLike[str], checked: Checked) -> Iterator[bytes]:
    """Lines as they are; where a gzip file breaks off, that is a finding as well."""
    try:
        with open_bytes(path) as file:
            yield from file
    except (EOFError, zlib.error, gzip.BadGzipFile):
        checked.findings.append(
            Finding(checked.lines + 1, "the gzip file is damaged or cut off; make it again")
        )
    except OSError as error:
        raise InputError(f"{path}: cannot be read ({error.strerror}); check the path") from None


def _check_tag(tag: str, checked: Checked, find: Find) -> None:
    if tag in checked.tags:
        return
    if not TAG.fullmatch(tag):
        find(f"tag {shortened(tag)}; use letters, digits and - _ . only, 1 to 20 of them (run convert --tag)")
    if checked.tags:
        other, line = next(iter(checked.tags.items()))
        find(f"tag {tag!r}, but {other!r} in line {line}; give all lines the same tag")
    checked.tags[tag] = checked.lines


def _check_rank(written: str, query: _Query, find: Find) -> None:
    rank = whole_number(written)
    if rank is None or not written.isdecimal():
        find(f"rank {shortened(written)} is no whole number; count 1, 2, 3 ...")
        return
    if query.rank is None:
        if rank > 1:
            find(f"rank {rank} in the first line of the query; begin with 1")
    elif rank != query.rank + 1:
        find(f"rank {rank} after rank {query.rank}; count 1, 2, 3 ...")
    query.rank = rank


def _check_score(written: str, query: _Query, find: Find) -> bool:
    """Compare with the score before; tells whether the two are the same."""
    score = finite_number(written)
    if score is None:
        find(f"score {shortened(written)} is no finite number; correct it")
        return False
    before, query.score = query.score, score
    if before is not None and score > before:
        find(f"score {written} after {before:g}: scores must not rise (run convert sorts by score)")
    return score == before
