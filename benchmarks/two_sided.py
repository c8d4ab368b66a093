"""Fine-tune both encoders with sentence-transformers, which costs an encoding of the collection before it is of use.

Two ways: in-batch negatives only; or with a hard negative a query, found by searching the collection as it was last
encoded, and encoding it again every so many steps (ANCE's way; here the machine waits for it, as there is only one).
State is saved at every point, so that a run can be stopped and gone on with.
"""

import json
import random
import time
from collections.abc import Iterator
from contextlib import nullcontext
from pathlib import Path

import numpy as np
import torch
from sentence_transformers import SentenceTransformer
from sentence_transformers.sentence_transformer.losses import MultipleNegativesRankingLoss

from pyserini_ltre.collection import PythonStdlib
from pyserini_ltre.collection.judged import judged_queries
from pyserini_ltre.encode.backends.forward import resolve_precision
from pyserini_ltre.encode.settings import document_text
from pyserini_ltre.files import atomic_file
from pyserini_ltre.index import IndexDirectory
from pyserini_ltre.index.exact import ExactIndex
from pyserini_ltre.train.development import MEASURE, DevQueries, means

LEARNING_RATE = 5e-5
BATCH = 32
HITS = 200


def load_model(encoder: str, tokens: int) -> SentenceTransformer:
    """Load a model directory; texts are cut at so many tokens."""
    model = SentenceTransformer(encoder, device="cpu")
    model.max_seq_length = tokens
    return model


def document_texts(collection: PythonStdlib) -> dict[str, str]:
    """What is encoded of each document."""
    return {d.docid: document_text(d.title, d.text) for d in collection.documents()}


def encode(model: SentenceTransformer, texts: list[str], half: bool) -> torch.Tensor:
    """Encode with sentence-transformers; `half`: in bfloat16 where the machine has it."""
    fast = half and resolve_precision("auto", torch.device("cpu")) == "bf16"
    with torch.autocast("cpu", torch.bfloat16) if fast else nullcontext():
        return model.encode(texts, batch_size=BATCH, convert_to_tensor=True).float()


class TwoSidedTraining:
    """Training of both sides (shared weights), a point of the curve at a time.

    Parameters
    ----------
    encoder : str
        Model directory to start from.
    collection : PythonStdlib
        Documents, training and dev queries.
    index : path
        The index directory of the collection by the encoder as it is before training.
    folder : path
        For the state: weights, optimiser, points.
    tokens : int
        Where texts are cut.
    hard_negatives : bool
        Whether each query gets a document that the last encoding ranked high.
    epochs, every : float, int
        Passes over the training pairs, and steps from one point to the next.
    """

    def __init__(
        self,
        encoder: str,
        collection: PythonStdlib,
        index: Path,
        folder: Path,
        tokens: int,
        hard_negatives: bool,
        epochs: float,
        every: int,
    ) -> None:
        self.model = load_model(encoder, tokens)
        self.loss = MultipleNegativesRankingLoss(self.model)
        self.texts = document_texts(collection)
        self.queries, self.qrels = collection.queries("train"), collection.qrels("train")
        self.pairs = [(qid, docid) for qid, judged in self.qrels.items() for docid in judged]
        self.directory = IndexDirectory(index)
        self.dev = judged_queries(
            collection.queries("dev"), collection.qrels("dev"), self.directory.row_of, "dev"
        )
        self.hard_negatives, self.every = hard_negatives, every
        self.folder = folder
        self.steps = max(every, round(epochs * len(self.pairs) / BATCH) // every * every)
        self.optimiser = torch.optim.AdamW(self.model.parameters(), lr=LEARNING_RATE, weight_decay=0.0)
        warm_up = max(1, self.steps // 10)
        self.schedule = torch.optim.lr_scheduler.LambdaLR(
            self.optimiser, lambda s: min((s + 1) / warm_up, (self.steps - s) / (self.steps - warm_up + 1))
        )
        self.vectors = torch.from_numpy(np.array(self.directory.open().documents))
        self.points: list[dict[str, float]] = []
        if (folder / "points.json").exists():
            self.points = json.loads((folder / "points.json").read_text())
            state = torch.load(folder / "state.pt", weights_only=True)
            for name in ("model", "optimiser", "schedule"):
                getattr(self, name).load_state_dict(state[name])
            self.vectors = state["vectors"]
        else:
            self._measure(step=0, train_seconds=0.0)

    @property
    def finished(self) -> bool:
        """Whether the last step is made."""
        return self.points[-1]["step"] >= self.steps

    def next_point(self) -> dict[str, float]:
        """Train up to the next point, encode the collection, measure, and save.

        Returns
        -------
        dict of str to float
            ``step``, ``train_seconds`` so far, and the dev measure.
        """
        step = int(self.points[-1]["step"])
        random.seed(step)
        torch.manual_seed(step)
        start = time.perf_counter()
        negatives = self._mine() if self.hard_negatives else None
        self.model.train()
        for texts in self._batches(step, negatives):
            loss = self.loss([self.model.preprocess(column) for column in texts], None)
            loss.backward()
            torch.nn.utils.clip_grad_norm_(self.model.parameters(), 1.0)
            self.optimiser.step()
            self.schedule.step()
            self.optimiser.zero_grad()
        spent = time.perf_counter() - start
        self.vectors = encode(self.model, list(self.texts.values()), half=True)
        return self._measure(step + self.every, self.points[-1]["train_seconds"] + spent)

    def _batches(self, step: int, negatives: dict[str, list[str]] | None) -> Iterator[list[list[str]]]:
        """Texts of the next batches: queries, relevant documents and, if mined, hard negatives.

        The pairs of an epoch are shuffled by its number; a batch that would hold a query twice takes it once.
        """
        in_epoch = max(1, len(self.pairs) // BATCH)
        for number in range(step, step + self.every):
            order = random.Random(number // in_epoch).sample(self.pairs, len(self.pairs))
            place = number % in_epoch * BATCH
            pairs = list(dict(order[place : place + BATCH]).items())
            columns = [
                [self.queries[qid] for qid, _ in pairs],
                [self.texts[docid] for _, docid in pairs],
            ]
            if negatives is not None:
                columns.append([self.texts[random.choice(negatives[qid])] for qid, _ in pairs])
            yield columns

    def _mine(self) -> dict[str, list[str]]:
        """What the last encoding ranks high for each training query without being relevant."""
        queries = encode(self.model, list(self.queries.values()), half=False)
        index, docids = ExactIndex(self.vectors), self.directory.docids
        rows = torch.cat([index.search(q, min(HITS, len(docids)))[1] for q in queries.split(256)])
        return {
            qid: [docids[row] for row in found if docids[row] not in self.qrels[qid]]
            for qid, found in zip(self.queries, rows.tolist(), strict=True)
        }

    def _measure(self, step: int, train_seconds: float) -> dict[str, float]:
        development = DevQueries(
            self.dev,
            ExactIndex(self.vectors),
            self.directory.docids,
            lambda texts: encode(self.model, texts, half=False),
        )
        value = means(development.measure())[MEASURE]
        self.points.append({"step": step, "train_seconds": round(train_seconds, 2), MEASURE: round(value, 5)})
        self.folder.mkdir(parents=True, exist_ok=True)
        with atomic_file(self.folder / "state.pt", "wb") as file:
            parts = {name: getattr(self, name).state_dict() for name in ("model", "optimiser", "schedule")}
            torch.save({**parts, "vectors": self.vectors}, file)
        with atomic_file(self.folder / "points.json") as file:
            file.write(json.dumps(self.points))
        return self.points[-1]
