"""Set some judged queries aside to choose on: if possible such that share no relevant document with the rest."""

import hashlib
from collections import defaultdict

from pyserini_ltre.collection.judged import Judged
from pyserini_ltre.collection.records import Qrels
from pyserini_ltre.errors import InputError

HELD_OUT_SHARE = 0.1
# A paired test needs two.
FEWEST_DEV_QUERIES = 2


def with_dev(train: Judged, dev: Judged | None) -> tuple[Judged, Judged]:
    """Training queries and what to choose the encoder on: the dev queries, or a tenth of the training queries.

    An `InputError` says if there are too few to choose on.
    """
    if dev is None:
        return hold_out(train)
    if len(dev.queries) < FEWEST_DEV_QUERIES:
        raise InputError(f"dev judgements: one query to choose on; give {FEWEST_DEV_QUERIES} or more")
    return train, dev


def hold_out(judged: Judged) -> tuple[Judged, Judged]:
    """Set about a tenth of the queries aside for model selection: train and held out.

    What is chosen on queries whose relevant documents training saw is what remembers best. So queries that share a
    relevant document, with one another or by way of others, stay on one side, as far as such groups are small enough;
    the rest of the tenth is drawn from the others. All by a hash of the ids.

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
    count = max(FEWEST_DEV_QUERIES, round(len(judged.queries) * HELD_OUT_SHARE))
    by_hash = sorted(judged.queries, key=lambda qid: hashlib.sha256(qid.encode()).digest())
    members = defaultdict(list)
    group_of = _groups(judged.qrels)
    for qid in by_hash:
        members[group_of[qid]].append(qid)
    held: set[str] = set()
    for group in members.values():
        if len(group) <= count - len(held):
            held.update(group)
    held.update([qid for qid in by_hash if qid not in held][: count - len(held)])

    def part(chosen: list[str], missing: int, skipped: int, held_out: bool = False) -> Judged:
        queries = {qid: judged.queries[qid] for qid in chosen}
        return Judged(queries, {qid: judged.qrels[qid] for qid in chosen}, missing, skipped, held_out)

    rest = [qid for qid in judged.queries if qid not in held]
    return (
        part(rest, judged.missing_documents, judged.skipped_queries),
        part([qid for qid in judged.queries if qid in held], 0, 0, held_out=True),
    )


def _groups(qrels: Qrels) -> dict[str, str]:
    """A query that stands for all that share a relevant document, or are linked by others that do: union-find."""
    parent = {qid: qid for qid in qrels}

    def root(qid: str) -> str:
        while parent[qid] != qid:
            parent[qid] = parent[parent[qid]]
            qid = parent[qid]
        return qid

    first: dict[str, str] = {}
    for qid, judgements in qrels.items():
        for docid, grade in judgements.items():
            if grade > 0:
                parent[root(qid)] = root(first.setdefault(docid, qid))
    return {qid: root(qid) for qid in qrels}
