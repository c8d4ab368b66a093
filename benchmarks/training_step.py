"""One query-side training step, and its loss alone, against the textbook loop.

    python benchmarks/training_step.py [--quick] [--documents 57000] [--encoder MODEL] [--device cuda]

The queries are real, the documents generated; the shares of encoder, search and loss, and optimiser are reported too.
Measured twice: single steps with the same batches, those that our trainer draws, of queries of similar length; and all
steps of an epoch, for which the textbook loop draws its batches at random, as a textbook does.
"""

import argparse
import copy
import statistics
import time
from collections import defaultdict
from collections.abc import Callable, Iterator
from contextlib import contextmanager, nullcontext
from itertools import cycle

import faiss
import torch
from exact_search import HITS
from inputs import (
    BATCH,
    add_encoder_option,
    encoder_path,
    generated_index,
    random_vectors,
    shared_vectors,
    training_batches,
)
from machine import synchronise
from measure import Benchmark, common_options
from textbook import textbook_loss, textbook_step_loss

from pyserini_ltre.encode.backends.forward import resolve_precision
from pyserini_ltre.encode.model import BiEncoder
from pyserini_ltre.index.exact import ExactIndex
from pyserini_ltre.train.losses import adore_loss
from pyserini_ltre.train.losses.objective import Objective

DOCUMENTS, QUICK_DOCUMENTS = 57_000, 20_000
SCORE_SCALE = 20.0
TEXTBOOK, OURS, OURS_HALF = "textbook loop, fp32", "pyserini_ltre, fp32", "pyserini_ltre, bf16"

StepLoss = Callable[[torch.Tensor, dict], torch.Tensor]
"""Embeddings (B, d) and the batch -> loss."""


class Step:
    """A training step with an encoder and optimiser of its own, and the seconds of its parts.

    Parameters
    ----------
    encoder : BiEncoder
        Copied.
    batches : list of dict
        Gone through again and again.
    loss : callable
        Retrieval and loss.
    half : bool
        Whether the encoder computes in bfloat16.
    """

    def __init__(self, encoder: BiEncoder, batches: list[dict], loss: StepLoss, half: bool) -> None:
        self.encoder = copy.deepcopy(encoder).train()
        self.optimiser = torch.optim.AdamW(self.encoder.parameters(), lr=5e-5, fused=True)
        self.prepared = batches
        self.batches = cycle(batches)
        self.loss = loss
        self.half = half
        self.seconds: dict[str, list[float]] = defaultdict(list)

    def epoch(self) -> None:
        """Make a step with every batch."""
        for _ in self.prepared:
            self()

    def __call__(self) -> None:
        """Make one step."""
        batch = next(self.batches)
        device = self.encoder.device.type
        with (
            self._part("encoder"),
            torch.autocast(device, torch.bfloat16) if self.half else nullcontext(),
        ):
            embeddings = self.encoder(**batch["features"])
        with self._part("search and loss"):
            # The gradient stops at a copy of the embeddings, so that the encoder's share can be told apart.
            leaf = embeddings.detach().float().requires_grad_()
            self.loss(leaf, batch).backward()
        with self._part("encoder"):
            embeddings.backward(leaf.grad.to(embeddings.dtype))
        with self._part("optimiser"):
            torch.nn.utils.clip_grad_norm_(self.encoder.parameters(), 1.0)
            self.optimiser.step()
            self.optimiser.zero_grad()

    @contextmanager
    def _part(self, name: str) -> Iterator[None]:
        start = time.perf_counter()
        yield
        synchronise(self.encoder.device.type)
        self.seconds[name].append(time.perf_counter() - start)

    def shares(self) -> dict[str, float]:
        """Share of each part in the seconds so far, the first fifth left out."""
        spent = {name: sum(values[len(values) // 5 :]) for name, values in self.seconds.items()}
        return {name: round(value / sum(spent.values()), 3) for name, value in spent.items()}


def step_ways(
    encoder: BiEncoder, flat: "faiss.IndexFlatIP", batches: int, device: str = "cpu", shuffle: bool = False
) -> dict[str, Step]:
    """Ways to make a training step against the vectors of a flat index, the first rows of which are replaced.

    With `shuffle`, the textbook loop draws batches of its own; otherwise it is given ours.
    """
    prepared, shuffled = training_batches(encoder.to(device), flat, batches)
    for batch in prepared + shuffled:
        for name in ("frozen", "positives", "grades"):
            batch[name] = batch[name].to(device)
    exact = ExactIndex(shared_vectors(flat).to(device), owner=flat)
    hits = min(HITS, flat.ntotal)
    loss = Objective(hits=hits, score_scale=SCORE_SCALE).resolve(exact, normalises=True, anchor=1.0)

    def textbook(queries: torch.Tensor, batch: dict) -> torch.Tensor:
        return textbook_step_loss(flat, queries, batch["positives"], hits, SCORE_SCALE)

    def ours(queries: torch.Tensor, batch: dict) -> torch.Tensor:
        return loss(queries, batch["frozen"], batch["positives"], batch["grades"])

    ways = {
        TEXTBOOK: Step(encoder, shuffled if shuffle else prepared, textbook, half=False),
        OURS: Step(encoder, prepared, ours, half=False),
    }
    if resolve_precision("auto", torch.device(device)) == "bf16":
        ways[OURS_HALF] = Step(encoder, prepared, ours, half=True)
    return ways


def loss_ways(device: str = "cpu") -> dict[str, Callable[[], torch.Tensor]]:
    """Ways to get the loss of a batch and its gradient from scores (32, 200); each returns the gradient."""
    scores = SCORE_SCALE * random_vectors(BATCH, HITS, seed=2).sort(dim=1, descending=True).values.to(device)
    relevant = torch.zeros(BATCH, HITS, dtype=torch.bool, device=device)
    relevant[
        torch.arange(BATCH), torch.randperm(HITS, generator=torch.Generator().manual_seed(3))[:BATCH]
    ] = True
    valid = torch.ones_like(relevant)

    def gradient(loss: Callable[[torch.Tensor], torch.Tensor]) -> torch.Tensor:
        leaf = scores.clone().requires_grad_()
        loss(leaf).backward()
        return leaf.grad

    return {
        "textbook loop": lambda: gradient(lambda leaf: textbook_loss(leaf, relevant)),
        "pyserini_ltre": lambda: gradient(lambda leaf: adore_loss(leaf, relevant, valid)),
    }


def main() -> None:
    """Measure the step and the loss."""
    parser = common_options(argparse.ArgumentParser(description=__doc__.splitlines()[0]))
    parser.add_argument(
        "--documents", type=int, help=f"default: {DOCUMENTS}; with --quick: {QUICK_DOCUMENTS}"
    )
    add_encoder_option(parser)
    arguments = parser.parse_args()
    documents = arguments.documents or (QUICK_DOCUMENTS if arguments.quick else DOCUMENTS)
    benchmark = Benchmark("training_step", arguments)
    encoder = BiEncoder.load(encoder_path(arguments.encoder))
    flat = generated_index(documents, encoder.dimension)
    batches = 4 if arguments.quick else 40
    ways = step_ways(encoder, flat, batches, arguments.device)
    comparison = benchmark.compare(
        f"training step, {documents:,} documents, batch {BATCH}, top {HITS}",
        ways,
        against=TEXTBOOK,
        repeats=6 if arguments.quick else 40,
        reach={} if documents < DOCUMENTS else {name: 1.5 for name in (OURS, OURS_HALF) if name in ways},
        warm_up=2,
    )
    comparison.notes["share of the step"] = {name: way.shares() for name, way in ways.items()}
    comparison.notes["seconds of search and loss"] = {
        name: round(statistics.median(way.seconds["search and loss"]), 4) for name, way in ways.items()
    }
    for name, value in comparison.notes.items():
        print(f"  {name}: {value}")
    epochs = step_ways(encoder, flat, batches, arguments.device, shuffle=True)
    benchmark.compare(
        f"an epoch of {batches} such steps, each way with the batches that it draws",
        {name: way.epoch for name, way in epochs.items()},
        against=TEXTBOOK,
        repeats=2 if arguments.quick else 5,
        reach={} if documents < DOCUMENTS else {name: 1.5 for name in (OURS, OURS_HALF) if name in epochs},
        warm_up=0,
        amount=batches * BATCH,
        unit="queries",
    )
    losses = loss_ways(arguments.device)
    benchmark.compare(
        f"loss and its gradient alone, batch {BATCH}, {HITS} hits",
        losses,
        against="textbook loop",
        repeats=10 if arguments.quick else 50,
        reach={"pyserini_ltre": 20.0},
        warm_up=3,
    )
    benchmark.finish()


if __name__ == "__main__":
    main()
