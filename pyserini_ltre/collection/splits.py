"""What every collection does with its splits: refuse unknown ones, and pick the queries that are judged."""

from collections.abc import Sequence

from pyserini_ltre.collection.records import Qrels, Queries
from pyserini_ltre.errors import InputError


def check_split(split: str, splits: Sequence[str], collection: object) -> None:
    """Refuse a split that a collection does not have; `collection` begins the message.

    Raises
    ------
    InputError
        If `split` is not among `splits`.
    """
    if split not in splits:
        raise InputError(f"{collection}: no split {split!r}; there are: {', '.join(splits) or 'none'}")


def queries_with_judgements(
    queries: Queries, qrels: Qrels, queries_from: object, qrels_from: object
) -> Queries:
    """Pick the queries that are judged.

    Parameters
    ----------
    queries : dict of str to str
        Query id -> text.
    qrels : dict of str to dict of str to int
        Judgements of some of them.
    queries_from, qrels_from : object
        Where the two came from, for the message.

    Returns
    -------
    dict of str to str
        Query id -> text, in the order of `queries`.

    Raises
    ------
    InputError
        If a judged query has no text.
    """
    missing = [qid for qid in qrels if qid not in queries]
    if missing:
        raise InputError(
            f"{qrels_from}: {len(missing)} judged queries, {missing[0]} first, are not in {queries_from}; "
            "add them there, or remove their judgements"
        )
    return {qid: text for qid, text in queries.items() if qid in qrels}
