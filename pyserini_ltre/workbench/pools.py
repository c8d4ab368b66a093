"""Pools: what the best of several systems have found, shuffled, and judged without knowing who found it."""

import hashlib
import json
from dataclasses import dataclass

from pyserini_ltre.collection import Queries, Run
from pyserini_ltre.errors import InputError
from pyserini_ltre.workbench.database import Database, now
from pyserini_ltre.workbench.judgements import Judgements


@dataclass(frozen=True)
class Pool:
    """A pool as it was made.

    Attributes
    ----------
    number : int
        What it is called.
    depth : int
        Hits of each system that are in it.
    systems : list of str
        Titles of the systems.
    documents : int
        Pairs of topic and document.
    at : str
        When it was made.
    """

    number: int
    depth: int
    systems: list[str]
    documents: int
    at: str


class Pools:
    """The pools in a database.

    Parameters
    ----------
    database : Database
        Where they are kept.
    """

    def __init__(self, database: Database) -> None:
        self.database = database

    def make(self, runs: dict[str, Run], queries: Queries, depth: int) -> int:
        """Pool the best hits of each run, and give the pool's number.

        Topics follow one another in their order; the documents of each are shuffled, in an order that depends on
        nothing but their ids.

        Parameters
        ----------
        runs : dict of str to Run
            The runs, by the titles of the systems; best hits first.
        queries : dict of str to str
            The topics.
        depth : int
            Hits of each.

        Raises
        ------
        InputError
            If nothing was found.
        """
        pairs = [
            (qid, docid)
            for qid in queries
            for docid in sorted(
                {docid for run in runs.values() for docid in list(run.get(qid, {}))[:depth]},
                key=lambda docid: hashlib.sha256(f"{qid}\0{docid}".encode()).digest(),
            )
        ]
        if not pairs:
            raise InputError("the systems have found nothing for these topics; choose others")
        with self.database.changing() as connection:
            made = connection.execute(
                "INSERT INTO pools (depth, systems, at) VALUES (?, ?, ?)", (depth, json.dumps([*runs]), now())
            )
            number = made.lastrowid
            assert number is not None, "a row was inserted"
            connection.executemany("INSERT OR REPLACE INTO topics VALUES (?, ?)", queries.items())
            connection.executemany(
                "INSERT INTO pooled VALUES (?, ?, ?, ?)",
                ((number, place, qid, docid) for place, (qid, docid) in enumerate(pairs)),
            )
        return number

    def all(self) -> list[Pool]:
        """All pools, the newest first."""
        rows = self.database.read(
            "SELECT number, depth, systems, (SELECT COUNT(*) FROM pooled WHERE pool = number), at FROM pools "
            "ORDER BY number DESC"
        )
        return [
            Pool(number, depth, json.loads(systems), count, at) for number, depth, systems, count, at in rows
        ]

    def get(self, number: int) -> Pool:
        """One of them; an `InputError` says if there is none of that number."""
        for pool in self.all():
            if pool.number == number:
                return pool
        raise InputError(f"no pool {number}; choose one of the list")

    def pairs(self, number: int) -> list[tuple[str, str]]:
        """Topic and document of each place."""
        return [
            (q, d)
            for q, d in self.database.read(
                "SELECT qid, docid FROM pooled WHERE pool = ? ORDER BY place", number
            )
        ]


def unjudged_places(pairs: list[tuple[str, str]], judgements: Judgements, assessor: str) -> list[int]:
    """The places of a pool that an assessor has not judged, there or elsewhere."""
    judged = {(judgement.qid, judgement.docid) for judgement in judgements.of(assessor)}
    return [place for place, pair in enumerate(pairs) if pair not in judged]
