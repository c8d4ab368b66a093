"""Training queries: features, relevant rows of the index, and the frozen encoder's embeddings."""

from collections.abc import Mapping

import torch
from torch.nn.utils.rnn import pad_sequence
from torch.utils.data import Dataset

from pyserini_ltre.cluster import fetched
from pyserini_ltre.collection.judged import Judged
from pyserini_ltre.train.data.order import EpochSampler
from pyserini_ltre.train.trainable import Trainable


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
        row_of = fetched(row_of, {docid for grades in judged.qrels.values() for docid in grades})
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
