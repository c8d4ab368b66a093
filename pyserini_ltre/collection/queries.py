"""Queries: BEIR's ``queries.jsonl``, and topics as tab-separated lines, which Pyserini reads."""

import json
import os
from collections.abc import Iterable
from pathlib import Path

from pyserini_ltre.collection.lines import checked_id, json_id, json_lines, json_text, split_lines
from pyserini_ltre.collection.pyserini_names import pyserini_name, topic_rows
from pyserini_ltre.collection.records import Queries
from pyserini_ltre.errors import InputError
from pyserini_ltre.files import atomic_file


def read_queries(path: str | os.PathLike[str]) -> Queries:
    """Read queries.

    Parameters
    ----------
    path : path
        ``.jsonl`` or ``.json``: an object a line with ``_id`` (or ``id``) and ``text``, as BEIR has it.
        Anything else: lines of ``query id <tab> text``. Either may be gzipped (``.gz``). ``pyserini:NAME``
        stands for the titles of the topics that Pyserini has under this name.

    Returns
    -------
    dict of str to str
        Query id -> text, in the order of the file.

    Raises
    ------
    InputError
        If a line is malformed, a query has no text, or two have the same id; the line is named.
    """
    if name := pyserini_name(path):
        return checked_queries(topic_rows(name))
    if Path(path).name.removesuffix(".gz").endswith((".jsonl", ".json")):
        return checked_queries(
            (where, json_id(record, where), json_text(record, "text", where))
            for where, record in json_lines(path)
        )
    rows = split_lines(path, 2, "query id, tab, text", "\t")
    located = ((f"{path}:{number}", *columns) for number, columns in rows)
    return checked_queries((where, checked_id(qid, where), text.strip()) for where, qid, text in located)


def checked_queries(rows: Iterable[tuple[str, str, str]]) -> Queries:
    """Gather rows of where it stands, query id and text; refuse one without text, or an id that is there twice."""
    queries: Queries = {}
    for where, qid, text in rows:
        if not text.strip():
            raise InputError(f"{where}: query {qid} has no text; give it one, or leave the line out")
        if qid in queries:
            raise InputError(f"{where}: query id {qid} is there twice; rename or remove one of the two")
        queries[qid] = text
    return queries


def write_topics(path: str | os.PathLike[str], queries: Queries) -> None:
    """Write queries as topics that Pyserini reads; `read_queries` reads the tab-separated ones.

    Parameters
    ----------
    path : path
        Tab-separated, or JSON if it ends in ``.json``: Pyserini goes by words in the path of any other file (one
        with ``cacm`` somewhere in it must have the CACM collection's own format), and makes numbers of ids.
    queries : dict of str to str
        Query id -> text; tabs and line breaks in a text become spaces.
    """
    lines = {qid: " ".join(text.split()) for qid, text in queries.items()}
    with atomic_file(path) as file:
        if str(path).endswith(".json"):
            json.dump(
                {qid: {"title": text} for qid, text in lines.items()}, file, ensure_ascii=False, indent=0
            )
        else:
            file.writelines(f"{qid}\t{text}\n" for qid, text in lines.items())
