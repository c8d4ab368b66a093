"""The hits of a query as FAISS gives them: result objects are made only for who looks at one."""

from collections.abc import Callable, Iterator, Sequence
from typing import Any, overload

import numpy as np


class Hits(Sequence):
    """Hits of one query, best first; what `FaissSearcher` would put in a list.

    Parameters
    ----------
    make : callable
        Docid and score -> result object.
    docids : list of str
        Docid of each row of the index.
    rows : ndarray (k,) int64
        Rows found; -1 where FAISS has found no more.
    scores : ndarray (k,) float32
        Their scores.
    """

    def __init__(
        self, make: Callable[[str, Any], Any], docids: list[str], rows: np.ndarray, scores: np.ndarray
    ) -> None:
        found = rows != -1
        self.make = make
        self.docids = docids
        kept: Any = slice(None) if found.all() else found
        self.rows, self.scores = rows[kept], scores[kept]

    def __len__(self) -> int:
        return len(self.rows)

    @overload
    def __getitem__(self, place: int) -> Any: ...
    @overload
    def __getitem__(self, place: slice) -> list[Any]: ...
    def __getitem__(self, place: int | slice) -> Any:
        if isinstance(place, slice):
            return [self[one] for one in range(*place.indices(len(self)))]
        return self.make(self.docids[self.rows[place]], self.scores[place])

    def __iter__(self) -> Iterator[Any]:
        for row, score in zip(self.rows.tolist(), self.scores, strict=True):
            yield self.make(self.docids[row], score)

    def trec_lines(self, topic: str, tag: str, limit: int) -> str:
        """Lines of a TREC run file.

        Parameters
        ----------
        topic : str
            Topic id.
        tag : str
            Name of the run.
        limit : int
            Most hits that are written.

        Returns
        -------
        str
            A line a hit, each with its end.
        """
        docids = self.docids
        found = zip(self.rows[:limit].tolist(), self.scores[:limit].tolist(), strict=True)
        return "".join(
            [
                f"{topic} Q0 {docids[row].strip()} {rank} {score:.6f} {tag}\n"
                for rank, (row, score) in enumerate(found, 1)
            ]
        )
