"""Training pairs: a query, one of its relevant documents, negatives; and how they become a batch."""

import torch
from torch.utils.data import Dataset

from pyserini_ltre.collection.judged import Judged
from pyserini_ltre.encode.model import BiEncoder
from pyserini_ltre.train.data.documents import DocumentStore
from pyserini_ltre.train.data.negatives import NegativeSampler
from pyserini_ltre.train.data.order import DrawSampler


class TrainingPairs(Dataset):
    """A query of an epoch an item: its tokens, a relevant document and negatives.

    Parameters
    ----------
    encoder : BiEncoder
        Tokenises.
    judged : Judged
        The queries.
    documents : DocumentStore
        The collection.
    negatives : NegativeSampler
        What is drawn for each query.
    in_batch : bool
        Whether the relevant documents of the batch's other queries are negatives, too.
    chunk : int
        Texts embedded at a time.
    """

    def __init__(
        self,
        encoder: BiEncoder,
        judged: Judged,
        documents: DocumentStore,
        negatives: NegativeSampler,
        in_batch: bool,
        chunk: int,
    ) -> None:
        self.encoder = encoder
        self.documents = documents
        self.negatives = negatives
        self.in_batch = in_batch
        self.chunk = chunk
        self.qids = list(judged.queries)
        self.features = encoder.tokenize(list(judged.queries.values()), "query")
        self.positives = [
            sorted(documents.row_of[docid] for docid, grade in judged.qrels[qid].items() if grade > 0)
            for qid in self.qids
        ]

    def __len__(self) -> int:
        return len(self.qids)

    def __getitem__(self, drawn: tuple[int, int]) -> dict[str, object]:
        epoch, item = drawn
        positive, negatives = self.negatives.draw(self.qids[item], epoch, self.positives[item])
        return {
            "input_ids": self.features[item],
            "positive": positive,
            "negatives": negatives,
            "relevant": self.positives[item],
        }

    def sampler(self, batch_size: int, seed: int) -> DrawSampler:
        """Random order: batches of queries of similar length would have negatives of similar length."""
        return DrawSampler(len(self), seed)

    def collate(self, items: list[dict]) -> dict[str, object]:
        """Join B items: ``features`` for `ChunkedEncoder`, ``in_batch_mask`` (B, B), ``negative_mask`` (B, B * h).

        The texts are the B queries, their B relevant documents and the B * h negatives, in this order.
        """
        positives = [item["positive"] for item in items]
        negatives = [row for item in items for row in item["negatives"]]
        texts = self.documents.texts(positives + negatives)
        token_ids = [item["input_ids"] for item in items] + self.encoder.tokenize(texts, "document")
        by_length = sorted(range(len(token_ids)), key=lambda text: len(token_ids[text]))
        order = torch.empty(len(token_ids), dtype=torch.long)
        order[by_length] = torch.arange(len(token_ids))
        chunks = [
            self.encoder.pad([token_ids[text] for text in by_length[start : start + self.chunk]])
            for start in range(0, len(by_length), self.chunk)
        ]
        relevant = [set(item["relevant"]) for item in items]
        in_batch = [[self.in_batch and row not in judged for row in positives] for judged in relevant]
        return {
            "features": {"chunks": chunks, "order": order},
            "in_batch_mask": torch.tensor(in_batch, dtype=torch.float32),
            "negative_mask": torch.tensor(
                [[row not in judged for row in negatives] for judged in relevant], dtype=torch.float32
            ),
        }
