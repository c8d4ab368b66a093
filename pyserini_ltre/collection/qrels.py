"""Relevance judgements: TREC's four columns, and BEIR's three with a header."""

import os

from pyserini_ltre.collection.lines import numbered_lines, shortened, whole_number
from pyserini_ltre.collection.pyserini_names import pyserini_name, qrels_file
from pyserini_ltre.collection.records import Qrels
from pyserini_ltre.errors import InputError
from pyserini_ltre.files import atomic_file

BEIR_HEADER = ["query-id", "corpus-id", "score"]
_BEIR_LAYOUT = "query-id, corpus-id, score, separated by tabs"
_TREC_LAYOUT = "query id, 0, document id, grade (or BEIR's header first: query-id, corpus-id, score)"


def read_qrels(path: str | os.PathLike[str]) -> Qrels:
    """Read judgements in either format, recognised from the first line.

    Parameters
    ----------
    path : path
        TREC: ``query id, anything, document id, grade``, separated by white space; or BEIR: a header
        ``query-id, corpus-id, score``, then lines of these, separated by tabs. Either may be gzipped
        (``.gz``). ``pyserini:NAME`` stands for the file that Pyserini has under this name.

    Returns
    -------
    dict of str to dict of str to int
        Query id -> document id -> grade, in the order of the file.

    Raises
    ------
    InputError
        If a line is malformed, a grade is no integer, or a document has two grades for a query; the line is
        named.
    """
    if name := pyserini_name(path):
        path = qrels_file(name)
    qrels: Qrels = {}
    beir = False
    for number, line in numbered_lines(path):
        where = f"{path}:{number}"
        columns = line.split()
        if not beir and not qrels and columns == BEIR_HEADER:
            beir = True
            continue
        if len(columns) != (3 if beir else 4):
            layout = _BEIR_LAYOUT if beir else _TREC_LAYOUT
            raise InputError(f"{where}: {len(columns)} columns; write {layout}")
        qid, docid, grade = columns[0], columns[-2], columns[-1]
        judged = whole_number(grade)
        if judged is None:
            raise InputError(f"{where}: grade {shortened(grade)} is no integer; write 0, 1, 2 ...")
        if qrels.setdefault(qid, {}).setdefault(docid, judged) != judged:
            raise InputError(
                f"{where}: document {docid} has two grades for query {qid}; remove one of the two"
            )
    if not qrels:
        raise InputError(f"{path}: a header and no judgements; make the file again, or name another one")
    return qrels


def write_qrels(path: str | os.PathLike[str], qrels: Qrels) -> None:
    """Write judgements in TREC's format, which ``trec_eval`` and `read_qrels` read."""
    with atomic_file(path) as file:
        for qid, judged in qrels.items():
            file.writelines(f"{qid} 0 {docid} {grade}\n" for docid, grade in judged.items())
