"""Training queries: features, relevant rows of the index, and the frozen encoder's embeddings."""

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass

import torch
from torch.nn.utils.rnn import pad_sequence
from torch.utils.data import Dataset

from pyserini_ltre.collection.records import Qrels, Queries
from pyserini_ltre.errors import InputError
from pyserini_ltre.train.sampling import EpochSampler
from pyserini_ltre.train.trainable import Trainable

HELD_OUT_SHARE = 0.1
# A paired test needs two.
FEWEST_DEV_QUERIES = 2


@dataclass(frozen=True)
class Judged:
    """Queries that can be trained on or measured, and what had to be left out.

    Attributes
    ----------
    queries : dict of str to str
        Text of each query that has a relevant document in the index.
    qrels : dict of str to dict of str to int
        Their judgements, unknown documents left out.
    missing_documents : int
        Judgements that named documents which the index lacks.
    skipped_queries : int
        Queries without any relevant document in the index.
    """

    queries: Queries
    qrels: Qrels
    missing_documents: int
    skipped_queries: int


def judged_queries(queries: Queries, qrels: Qrels, row_of: Mapping[str, int], source: str) -> Judged:
    """Keep the queries that have at least one relevant document in the index.

    Parameters
    ----------
    queries : dict of str to str
        Query texts by id.
    qrels : dict of str to dict of str to int
        Judgements; a grade above 0 is relevant.
    row_of : mapping of str to int
        Row of each document id in the index.
    source : str
        Named in the error: where the judgements came from.

    Returns
    -------
    Judged
        What is left and what was left out.

    Raises
    ------
    InputError
        If no query is left.
    """
    kept: Qrels = {}
    missing = 0
    for qid in queries:
        judgements = {docid: grade for docid, grade in qrels.get(qid, {}).items() if docid in row_of}
        missing += len(qrels.get(qid, {})) - len(judgements)
        if any(grade > 0 for grade in judgements.values()):
            kept[qid] = judgements
    if not kept:
        raise InputError(
            f"{source}: none of {len(queries)} queries has a relevant document in the index "
            f"({missing} judgements name documents that it lacks); check that the ids are those of the index"
        )
    return Judged({qid: queries[qid] for qid in kept}, kept, missing, len(queries) - len(kept))


def with_dev(
    train: Judged, dev: tuple[Queries, Qrels] | None, row_of: Mapping[str, int]
) -> tuple[Judged, Judged]:
    """Training queries and what to choose the encoder on: the dev queries, or a tenth of the training queries.

    Raises
    ------
    InputError
        If there are too few to choose on.
    """
    if dev is None:
        return hold_out(train)
    held_out = judged_queries(*dev, row_of, "dev judgements")
    if len(held_out.queries) < FEWEST_DEV_QUERIES:
        raise InputError(f"dev judgements: one query to choose on; give {FEWEST_DEV_QUERIES} or more")
    return train, held_out


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
            f"{len(judged.queries)} judged queries are too few to hold {FEWEST_DEV_QUERIES} out; "
            "give --dev-queries and --dev-qrels"
        )
    by_hash = sorted(judged.queries, key=lambda qid: hashlib.sha256(qid.encode()).digest())
    count = max(FEWEST_DEV_QUERIES, round(len(by_hash) * HELD_OUT_SHARE))
    held = set(by_hash[:count])

    def part(chosen: list[str]) -> tuple[Queries, Qrels]:
        return {q: judged.queries[q] for q in chosen}, {q: judged.qrels[q] for q in chosen}

    train = part([q for q in judged.queries if q not in held])
    held_out = part([q for q in judged.queries if q in held])
    return Judged(*train, judged.missing_documents, judged.skipped_queries), Judged(*held_out, 0, 0)


class TrainingQueries(Dataset):
    """One training query an item, and how items become a batch.

    Parameters
    ----------
    trainable : Trainable
        Says what of a query goes into the module that is trained.
    judged : Judged
        The queries.
    row_of : mapping of str to int
        Row of each document id in the index.
    frozen : Tensor (N, d)
        The frozen encoder's embeddings, in the order of ``judged.queries``.
    """

    def __init__(
        self, trainable: Trainable, judged: Judged, row_of: Mapping[str, int], frozen: torch.Tensor
    ) -> None:
        self.trainable = trainable
        self.frozen = frozen
        self.features = trainable.features(list(judged.queries.values()), frozen)
        self.positives = [_relevant_rows(judged.qrels[qid], row_of) for qid in judged.queries]

    def __len__(self) -> int:
        return len(self.features)

    def __getitem__(self, item: int) -> dict[str, object]:
        rows, grades = self.positives[item]
        return {
            "features": self.features[item],
            "frozen": self.frozen[item],
            "positives": rows,
            "grades": grades,
        }

    def sampler(self, batch_size: int, seed: int) -> EpochSampler:
        """Queries of similar length together; where the features are not tokens, all are of one length."""
        lengths = [len(feature.get("input_ids", (0,))) for feature in self.features]
        return EpochSampler(batch_size, lengths, seed)

    def collate(self, items: list[dict]) -> dict[str, object]:
        """Join items: ``features`` for the module, ``frozen`` (B, d), ``positives`` and ``grades`` (B, p)."""
        return {
            "features": self.trainable.collate([item["features"] for item in items]),
            "frozen": torch.stack([item["frozen"] for item in items]),
            "positives": pad_sequence(
                [item["positives"] for item in items], batch_first=True, padding_value=-1
            ),
            "grades": pad_sequence([item["grades"] for item in items], batch_first=True),
        }


def _relevant_rows(
    judgements: dict[str, int], row_of: Mapping[str, int]
) -> tuple[torch.Tensor, torch.Tensor]:
    """Rows of the relevant documents and their grades, highest grade first."""
    relevant = sorted((-grade, docid) for docid, grade in judgements.items() if grade > 0)
    rows = torch.tensor([row_of[docid] for _, docid in relevant], dtype=torch.long)
    return rows, torch.tensor([-grade for grade, _ in relevant], dtype=torch.float32)
