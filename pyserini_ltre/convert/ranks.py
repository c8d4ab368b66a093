"""DRhard's rank files, ``query, document, rank`` by their offsets, become TREC runs with the real ids."""

import os

from pyserini_ltre.collection.lines import numbered_lines
from pyserini_ltre.collection.records import Run
from pyserini_ltre.collection.runs import checked_tag, read_msmarco_run, write_run
from pyserini_ltre.errors import InputError


def convert_ranks(
    source: str | os.PathLike[str],
    qids: list[str],
    docids: list[str],
    output: str | os.PathLike[str],
    tag: str,
) -> Run:
    """Write a rank file as a TREC run; the score of a hit is 1 / rank, which keeps the order.

    Parameters
    ----------
    source : path
        Offset of the query, offset of the document, and rank from 1, separated by white space.
    qids, docids : list of str
        The id at each offset.
    output, tag
        The run file, and the name of the run.

    Raises
    ------
    InputError
        If a line is malformed or has an offset that no id has (the line is named), or the tag cannot be one.
    """
    checked_tag(tag)
    ranked = read_msmarco_run(source)
    id_of = [{str(offset): name for offset, name in enumerate(names)} for names in (qids, docids)]
    qid_of, docid_of = id_of
    try:
        run = {
            qid_of[query]: {docid_of[document]: score for document, score in hits.items()}
            for query, hits in ranked.items()
        }
    except KeyError:
        raise _unknown_offset(source, qid_of, docid_of) from None
    write_run(output, run, tag, decimals=None)
    return run


def _unknown_offset(
    source: str | os.PathLike[str], qid_of: dict[str, str], docid_of: dict[str, str]
) -> InputError:
    """Find the first line with an offset that no id has."""
    for number, line in numbered_lines(source):
        query, document, _ = line.split()
        for kind, offset, ids in (("query", query, qid_of), ("document", document, docid_of)):
            if offset not in ids:
                return InputError(
                    f"{source}:{number}: no {kind} is at offset {offset} (there are {len(ids)}); name the id file that "
                    "belongs to these ranks"
                )
    raise AssertionError("every offset has an id")
