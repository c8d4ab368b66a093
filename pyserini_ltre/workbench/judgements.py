"""Who judged what, and how: the newest word of each assessor counts, and can be taken back."""

import statistics
import unicodedata
from collections import defaultdict
from dataclasses import dataclass

from pyserini_ltre.collection import Qrels, Queries
from pyserini_ltre.errors import InputError
from pyserini_ltre.workbench.database import Database, now

GRADES = (0, 1, 2, 3)
LONGEST_NAME, LONGEST_NOTE = 60, 2000
# Of what an assessor has said of each document, the newest.
NEWEST = """
SELECT qid, docid, grade, note FROM judgements JOIN (
    SELECT MAX(number) AS newest, MIN(number) AS oldest FROM judgements WHERE assessor = ? GROUP BY qid, docid
) ON number = newest ORDER BY oldest
"""


@dataclass(frozen=True)
class Judgement:
    """What an assessor says of a document for a topic."""

    qid: str
    docid: str
    grade: int
    note: str


class Judgements:
    """The judgements in a database.

    Parameters
    ----------
    database : Database
        Where they are kept.
    """

    def __init__(self, database: Database) -> None:
        self.database = database

    def assessors(self) -> list[str]:
        """The names of all, in the order in which they came."""
        return [name for (name,) in self.database.read("SELECT name FROM assessors ORDER BY since, name")]

    def add_assessor(self, name: str) -> str:
        """Enter a new assessor, and give the name as it is shown.

        Raises
        ------
        InputError
            If there is one of that name, in whatever letters, or it is empty or too long.
        """
        shown = " ".join(unicodedata.normalize("NFKC", name).split())
        if not shown or len(shown) > LONGEST_NAME or not shown.isprintable():
            raise InputError(f"an assessor needs a name of 1 to {LONGEST_NAME} letters")
        with self.database.changing() as connection:
            if connection.execute("SELECT 1 FROM assessors WHERE key = ?", (_key(shown),)).fetchall():
                raise InputError(
                    f"there is an assessor {shown} already: go on as that one if it is you, or choose another name"
                )
            connection.execute("INSERT INTO assessors VALUES (?, ?, ?)", (_key(shown), shown, now()))
        return shown

    def judge(
        self,
        assessor: str,
        query: tuple[str, str],
        docid: str,
        grade: int,
        note: str = "",
        pool: int | None = None,
    ) -> None:
        """Record a judgement; it is on disk when this returns.

        Parameters
        ----------
        assessor : str
            Who judges.
        query : pair of str
            Id and text of the topic.
        docid : str
            The document.
        grade : {0, 1, 2, 3}
            0: not relevant.
        note : str
            A few words.
        pool : int, optional
            The pool that it was met in.
        """
        if grade not in GRADES:
            raise InputError(f"grade {grade}: judge with {', '.join(map(str, GRADES))}")
        if len(note) > LONGEST_NOTE:
            raise InputError(f"the note has {len(note)} characters; at most {LONGEST_NOTE} are kept")
        self._record(assessor, {query[0]: query[1]}, {query[0]: {docid: grade}}, note, pool)

    def import_qrels(self, assessor: str, qrels: Qrels, topics: Queries) -> None:
        """Record judgements that were made elsewhere; `topics` are the texts that are known of theirs."""
        known = {qid: topics[qid] for qid in qrels if qid in topics}
        self._record(assessor, known, qrels, "", None)

    def undo(self, assessor: str) -> tuple[str, str, int | None] | None:
        """Take the newest judgement of an assessor back.

        Returns
        -------
        (str, str, int or None) or None
            Topic, document, and the grade that counts again, None if there was none; None if nothing is left.
        """
        key = self._known(assessor)
        with self.database.changing() as connection:
            rows = connection.execute(
                "SELECT number, qid, docid FROM judgements WHERE assessor = ? ORDER BY number DESC LIMIT 1",
                (key,),
            ).fetchall()
            if not rows:
                return None
            ((number, qid, docid),) = rows
            connection.execute("DELETE FROM judgements WHERE number = ?", (number,))
            before = connection.execute(
                "SELECT grade FROM judgements WHERE assessor = ? AND qid = ? AND docid = ? "
                "ORDER BY number DESC LIMIT 1",
                (key, qid, docid),
            ).fetchall()
        return qid, docid, before[0][0] if before else None

    def of(self, assessor: str) -> list[Judgement]:
        """What an assessor says, in the order in which the documents were first judged."""
        return [Judgement(*row) for row in self.database.read(NEWEST, self._known(assessor))]

    def qrels(self, assessor: str | None = None) -> Qrels:
        """The judgements of one assessor, or of all: the median of their grades, the lower of two in the middle."""
        names = self.assessors() if assessor is None else [assessor]
        grades: dict[str, dict[str, list[int]]] = defaultdict(lambda: defaultdict(list))
        for name in names:
            for judgement in self.of(name):
                grades[judgement.qid][judgement.docid].append(judgement.grade)
        return {
            qid: {docid: statistics.median_low(of) for docid, of in by_document.items()}
            for qid, by_document in grades.items()
        }

    def topics(self) -> Queries:
        """Texts of all topics that were judged, as far as they are known."""
        return dict(self.database.read("SELECT qid, text FROM topics ORDER BY rowid"))

    def _record(self, assessor: str, topics: Queries, qrels: Qrels, note: str, pool: int | None) -> None:
        key, at = self._known(assessor), now()
        with self.database.changing() as connection:
            connection.executemany("INSERT OR REPLACE INTO topics VALUES (?, ?)", topics.items())
            connection.executemany(
                "INSERT INTO judgements (assessor, qid, docid, grade, note, pool, at) VALUES (?, ?, ?, ?, ?, ?, ?)",
                (
                    (key, qid, docid, grade, note, pool, at)
                    for qid, judged in qrels.items()
                    for docid, grade in judged.items()
                ),
            )

    def _known(self, assessor: str) -> str:
        key = _key(assessor)
        if not self.database.read("SELECT 1 FROM assessors WHERE key = ?", key):
            raise InputError("say who judges: choose an assessor above, or enter a new one")
        return key


def _key(name: str) -> str:
    """What names have in common that people take for the same."""
    return unicodedata.normalize("NFKC", " ".join(name.split())).casefold()
