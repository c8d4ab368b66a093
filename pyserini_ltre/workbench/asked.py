"""What somebody looks at, as the address says it: query, columns, weight."""

import hashlib
from dataclasses import dataclass

from fastapi import Request

from pyserini_ltre.collection import Queries
from pyserini_ltre.errors import InputError

LONGEST_QUERY = 2000
SHOWN = (10, 20, 50)
WEIGHT = 0.3
MOST_COLUMNS = 4


@dataclass(frozen=True)
class Asked:
    """A query, and how its answers are to be shown."""

    qid: str
    query: str
    columns: list[str]
    weight: float
    shown: int


def asked(request: Request, topics: Queries, default_columns: list[str]) -> Asked:
    """Read an address.

    Parameters
    ----------
    request : Request
        ``qid`` names a topic, ``q`` is a query that was typed; ``c`` a column, ``w`` the weight of BM25, ``n`` the
        hits of a column.
    topics : dict of str to str
        Texts of what ``qid`` may name.
    default_columns : list of str
        If none is chosen.

    Raises
    ------
    InputError
        If it cannot be meant so.
    """
    given = request.query_params
    query, qid = " ".join(given.get("q", "").split()), given.get("qid", "")
    if len(query) > LONGEST_QUERY:
        raise InputError(f"the query has {len(query)} characters; at most {LONGEST_QUERY} are searched for")
    # Somebody who edits the text of a topic asks something else.
    if qid and qid not in topics:
        raise InputError(f"no topic {qid}; choose one of the list")
    if qid and query in ("", " ".join(topics[qid].split())):
        query = topics[qid]
    elif query:
        qid = typed_id(query)
    try:
        weight, shown = float(given.get("w", WEIGHT)), int(given.get("n", SHOWN[0]))
    except ValueError:
        raise InputError("weight and number of hits are numbers; choose them on the page") from None
    if not 0 <= weight <= 1 or shown not in SHOWN:
        raise InputError(f"a weight of 0 to 1, and {', '.join(map(str, SHOWN))} hits, can be chosen")
    columns = [name for name in given.getlist("c") if name] or default_columns
    return Asked(qid, query, columns[:MOST_COLUMNS], weight, shown)


def typed_id(query: str) -> str:
    """The id of a query that is no topic: the same whenever it is typed."""
    return f"typed-{hashlib.sha256(query.casefold().encode()).hexdigest()[:12]}"
