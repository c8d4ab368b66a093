"""Queries that are set aside to choose an encoder on."""

import hashlib

from pyserini_ltre.collection.judged import Judged
from pyserini_ltre.collection.records import Qrels, Queries
from pyserini_ltre.errors import InputError

HELD_OUT_SHARE = 0.1
# A paired test needs two.
FEWEST_DEV_QUERIES = 2


def with_dev(train: Judged, dev: Judged | None) -> tuple[Judged, Judged]:
    """Training queries and what to choose the encoder on: the dev queries, or a tenth of the training queries.

    Raises
    ------
    InputError
        If there are too few to choose on.
    """
    if dev is None:
        return hold_out(train)
    if len(dev.queries) < FEWEST_DEV_QUERIES:
        raise InputError(f"dev judgements: one query to choose on; give {FEWEST_DEV_QUERIES} or more")
    return train, dev


def hold_out(judged: Judged) -> tuple[Judged, Judged]:
    """Set about a tenth of the queries aside for model selection, chosen by a hash of their ids.

    Returns
    -------
    train, held_out : Judged
        Two parts without a common query.

    Raises
    ------
    InputError
        If there are fewer than three queries.
    """
    if len(judged.queries) <= FEWEST_DEV_QUERIES:
        raise InputError(
            f"{len(judged.queries)} judged queries are too few to hold {FEWEST_DEV_QUERIES} out; give dev queries and "
            "their judgements"
        )
    by_hash = sorted(judged.queries, key=lambda qid: hashlib.sha256(qid.encode()).digest())
    count = max(FEWEST_DEV_QUERIES, round(len(by_hash) * HELD_OUT_SHARE))
    held = set(by_hash[:count])

    def part(chosen: list[str]) -> tuple[Queries, Qrels]:
        return {q: judged.queries[q] for q in chosen}, {q: judged.qrels[q] for q in chosen}

    train = part([q for q in judged.queries if q not in held])
    held_out = part([q for q in judged.queries if q in held])
    return Judged(*train, judged.missing_documents, judged.skipped_queries), Judged(
        *held_out, 0, 0, held_out=True
    )
