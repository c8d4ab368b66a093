"""Queries that a teacher has answered: features, its documents and scores, and the frozen encoder's embeddings."""

from collections.abc import Collection, Mapping
from dataclasses import dataclass, field

import numpy as np
import torch
from torch.nn.utils.rnn import pad_sequence
from torch.utils.data import Dataset

from pyserini_ltre.cluster import fetched
from pyserini_ltre.collection.held_out import hold_out
from pyserini_ltre.collection.judged import Judged, judged_queries
from pyserini_ltre.collection.records import Qrels, Queries, Run, best_first
from pyserini_ltre.errors import InputError
from pyserini_ltre.train.data.order import EpochSampler
from pyserini_ltre.train.trainable import Trainable

# Of a query's list; from one document nothing is learned.
FEWEST_DOCUMENTS = 2
HELD_OUT_REMARK = (
    "dev queries are made ones; what they should find is the document that each was made from: kept are the last "
    "weights, unless these find them worse"
)


@dataclass(frozen=True)
class Unjudged:
    """Queries that nobody has judged, and who says what they should find.

    Attributes
    ----------
    queries : dict of str to str
        Their texts.
    teacher : dict of str to dict of str to float
        A run of them; its scores count.
    sources : dict of str to dict of str to int
        Documents that queries were made from; none of a user's own queries.
    name : str
        What the teacher is called in messages.
    query_vectors : mapping of str to ndarray (d,), optional
        The frozen encoder's embeddings of the queries, where they are known already.
    known : Judged, optional
        Made queries that are not trained on, with the documents that they were made from; by default a tenth of those
        with `sources`.
    """

    queries: Queries
    teacher: Run
    sources: Qrels = field(default_factory=dict)
    name: str = "teacher"
    query_vectors: Mapping[str, np.ndarray] | None = None
    known: Judged | None = None


@dataclass(frozen=True)
class Taught:
    """Queries with what their teacher says, and what had to be left out.

    Attributes
    ----------
    queries : dict of str to str
        Text of each query that something can be learned from.
    rows : list of LongTensor (m,)
        Rows of the teacher's documents of each query, best first.
    targets : list of Tensor (m,)
        Its scores, scaled to lie between 0 and 1.
    unknown_documents : int
        Hits that the index lacks.
    unanswered_queries : int
        Queries with fewer than two documents in the index.
    equal_scores : int
        Queries whose documents all have the same score.
    """

    queries: Queries
    rows: list[torch.Tensor]
    targets: list[torch.Tensor]
    unknown_documents: int
    unanswered_queries: int
    equal_scores: int

    def part(self, qids: Collection[str]) -> "Taught":
        """Some of the queries; what was left out is counted with the whole."""
        chosen = [item for item, qid in enumerate(self.queries) if qid in qids]
        return Taught(
            {qid: text for qid, text in self.queries.items() if qid in qids},
            [self.rows[item] for item in chosen],
            [self.targets[item] for item in chosen],
            *(self.unknown_documents, self.unanswered_queries, self.equal_scores),
        )

    @property
    def content(self) -> list[object]:
        """All that is learned from, in the form of JSON."""
        lists = [
            (rows.tolist(), targets.tolist()) for rows, targets in zip(self.rows, self.targets, strict=True)
        ]
        return [self.queries, lists]

    @property
    def remarks(self) -> tuple[str, ...]:
        """What was left out, a line each."""
        counted = (
            (self.unknown_documents, "hits of the teacher name documents not in the index: left out"),
            (self.unanswered_queries, f"queries have fewer than {FEWEST_DOCUMENTS} hits there: skipped"),
            (self.equal_scores, "queries have hits of one and the same score, which teach nothing: skipped"),
        )
        return tuple(f"{count} {what}" for count, what in counted if count)


def taught_queries(unjudged: Unjudged, row_of: Mapping[str, int], depth: int) -> Taught:
    """Put a teacher's run in the form that training needs.

    Parameters
    ----------
    unjudged : Unjudged
        Queries and teacher.
    row_of : mapping of str to int
        Row of each document id in the index.
    depth : int
        Best documents used of each query.

    Returns
    -------
    Taught
        The queries that something can be learned from.

    Raises
    ------
    InputError
        If the run has other queries, or nothing can be learned from it.
    """
    queries, teacher = unjudged.queries, unjudged.teacher
    strangers = [qid for qid in teacher if qid not in queries]
    if strangers:
        raise InputError(
            f"{unjudged.name}: {len(strangers)} of its {len(teacher)} queries are not among the training queries, "
            f"{strangers[0]} first; make the run with the queries that you train on"
        )
    kept: Queries = {}
    rows, targets = [], []
    unknown = unanswered = equal = 0
    row_of = fetched(row_of, {docid for qid in queries for docid in teacher.get(qid, {})})
    for qid, text in queries.items():
        hits = teacher.get(qid, {})
        known = {docid: score for docid, score in hits.items() if docid in row_of}
        unknown += len(hits) - len(known)
        best = best_first(known)[:depth]
        scores = torch.tensor([known[docid] for docid in best])
        if len(best) < FEWEST_DOCUMENTS:
            unanswered += 1
        elif scores[0] == scores[-1]:
            equal += 1
        else:
            kept[qid] = text
            rows.append(torch.tensor([row_of[docid] for docid in best]))
            targets.append((scores - scores[-1]) / (scores[0] - scores[-1]))
    found = Taught(kept, rows, targets, unknown, unanswered, equal)
    if not kept:
        raise InputError(
            f"{unjudged.name}: teaches nothing: {'; '.join(found.remarks) or 'there are no queries'}"
        )
    return found


def hold_out_made(
    taught: Taught, unjudged: Unjudged, row_of: Mapping[str, int]
) -> tuple[Taught, Judged] | None:
    """What is trained on, and made queries that are not, with the documents they were made from; None without such."""
    if unjudged.known is not None:
        return taught, unjudged.known
    made = {qid: text for qid, text in taught.queries.items() if qid in unjudged.sources}
    if not made:
        return None
    _, held = hold_out(judged_queries(made, unjudged.sources, row_of, "made queries"))
    return taught.part([qid for qid in taught.queries if qid not in held.queries]), held


class TaughtQueries(Dataset):
    """One query an item, and how items become a batch.

    Parameters
    ----------
    trainable : Trainable
        Says what of a query goes into the module that is trained.
    taught : Taught
        The queries, and the teacher's documents and scores.
    frozen : Tensor (N, d)
        The frozen encoder's embeddings, in the order of the queries.
    """

    def __init__(self, trainable: Trainable, taught: Taught, frozen: torch.Tensor) -> None:
        self.trainable = trainable
        self.taught = taught
        self.frozen = frozen
        self.features = trainable.features(list(taught.queries.values()), frozen)

    def __len__(self) -> int:
        return len(self.features)

    def __getitem__(self, item: int) -> dict[str, object]:
        return {
            "features": self.features[item],
            "frozen": self.frozen[item],
            "rows": self.taught.rows[item],
            "targets": self.taught.targets[item],
        }

    def sampler(self, batch_size: int, seed: int) -> EpochSampler:
        """Queries of similar length together; where the features are not tokens, all are of one length."""
        lengths = [len(feature.get("input_ids", (0,))) for feature in self.features]
        return EpochSampler(batch_size, lengths, seed)

    def collate(self, items: list[dict]) -> dict[str, object]:
        """Join items: ``features`` for the module, ``frozen`` (B, d), ``rows`` and ``targets`` (B, m)."""
        return {
            "features": self.trainable.collate([item["features"] for item in items]),
            "frozen": torch.stack([item["frozen"] for item in items]),
            "rows": pad_sequence([item["rows"] for item in items], batch_first=True, padding_value=-1),
            "targets": pad_sequence([item["targets"] for item in items], batch_first=True),
        }
