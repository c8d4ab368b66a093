"""Dev measures while the documents change too: a sample of the collection is encoded anew each time."""

import random
from itertools import chain, zip_longest

import torch
from torch.utils.data import Dataset

from pyserini_ltre.collection.judged import Judged
from pyserini_ltre.encode.batching import encode_texts
from pyserini_ltre.encode.model import BiEncoder
from pyserini_ltre.index.exact import ExactIndex
from pyserini_ltre.train.data.documents import DocumentStore
from pyserini_ltre.train.development.dev_queries import DevQueries, Measures

# Documents beside the judged ones. Measures on a sample are higher than on the collection; their order is what counts.
OTHERS = 1000


class DevSample(Dataset):
    """Judged queries, and the part of the collection that they are searched in; an item is a query's text.

    The part is every judged document of the dev queries, mined negatives (the best of each query first), and, where
    these are fewer than a thousand, random documents.

    Parameters
    ----------
    encoder : BiEncoder
        Being trained.
    judged : Judged
        The dev queries.
    documents : DocumentStore
        The collection.
    mined : list of list of int
        Rows of mined negatives, a list a query, best first.
    precision : {"fp32", "bf16", "auto"}
        Arithmetic of encoding the documents.
    seed : int
        Of the random documents.
    """

    def __init__(
        self,
        encoder: BiEncoder,
        judged: Judged,
        documents: DocumentStore,
        mined: list[list[int]],
        precision: str,
        seed: int,
    ) -> None:
        self.encoder = encoder
        self.judged = judged
        self.precision = precision
        self.texts = list(judged.queries.values())
        relevant = {documents.row_of[docid] for judgements in judged.qrels.values() for docid in judgements}
        best_first = (row for row in chain.from_iterable(zip_longest(*mined)) if row is not None)
        others: dict[int, None] = {}
        enough = min(len(documents), OTHERS + len(relevant))
        for row in chain(best_first, random.Random(seed).sample(range(len(documents)), k=enough)):
            if len(others) == OTHERS:
                break
            if row not in relevant:
                others[row] = None
        self.rows = sorted(relevant | others.keys())
        self.docids = [documents.docids[row] for row in self.rows]
        self.documents = documents.texts(self.rows)
        self.remark = (
            f"dev measures are those in a sample of {len(self.rows)} of {len(documents)} documents (all that are "
            "judged for the dev queries, mined and random ones), encoded anew each time: higher than in all"
        )

    def __len__(self) -> int:
        return len(self.texts)

    def __getitem__(self, item: int) -> str:
        return self.texts[item]

    def measure(self) -> Measures:
        """Encode the sample and the queries with the encoder as it is now, search, and measure each query."""
        vectors = encode_texts(self.encoder, self.documents, "document", precision=self.precision)
        index = ExactIndex(torch.from_numpy(vectors))
        return DevQueries(self.judged, index, self.docids, self._embed).measure()

    def _embed(self, texts: list[str]) -> torch.Tensor:
        return torch.from_numpy(encode_texts(self.encoder, texts, "query"))
