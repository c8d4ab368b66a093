"""Where the time of a query-side training step goes: the encoder, the search, the loss, the optimiser.

    python benchmarks/training_step.py --encoder MODEL --index DIR --queries F --qrels F [--steps 30]

Prints the share of each part; the encoder's own forward and backward should be most of it.
"""

import argparse
import json
import statistics
import time
from collections import defaultdict
from collections.abc import Iterator
from contextlib import contextmanager, nullcontext

import torch

from pyserini_ltre.collection import read_qrels, read_queries
from pyserini_ltre.encode.batching import encode_texts, resolve_precision
from pyserini_ltre.index import DenseIndex
from pyserini_ltre.train.data import TrainingQueries, judged_queries
from pyserini_ltre.train.query_side import QuerySideTrainer
from pyserini_ltre.train.trainable import WholeEncoder
from pyserini_ltre.train.trainer import EpochSampler


class Timer:
    """Seconds of each named part, a list an entry."""

    def __init__(self) -> None:
        self.seconds: dict[str, list[float]] = defaultdict(list)

    @contextmanager
    def part(self, name: str) -> Iterator[None]:
        """Time a block."""
        start = time.perf_counter()
        yield
        self.seconds[name].append(time.perf_counter() - start)


class TimedIndex:
    """An index whose search is timed."""

    def __init__(self, index: DenseIndex, timer: Timer) -> None:
        self.index, self.timer, self.dimension = index, timer, index.dimension

    def __len__(self) -> int:
        return len(self.index)

    def search(self, queries: torch.Tensor, k: int) -> tuple[torch.Tensor, torch.Tensor]:
        """Search, timed."""
        with self.timer.part("search"):
            return self.index.search(queries, k)

    def vectors(self, rows: torch.Tensor) -> torch.Tensor:
        """Vectors, timed."""
        with self.timer.part("vectors"):
            return self.index.vectors(rows)


def main() -> None:
    """Run some steps and print the shares."""
    parser = argparse.ArgumentParser(description=__doc__)
    for name in ("--encoder", "--index", "--queries", "--qrels"):
        parser.add_argument(name, required=True)
    parser.add_argument("--steps", type=int, default=30)
    parser.add_argument("--precision", default="auto")
    arguments = parser.parse_args()
    trainer = QuerySideTrainer(arguments.encoder, arguments.index)
    encoder, row_of = trainer.encoder, trainer.directory.row_of
    queries = judged_queries(
        read_queries(arguments.queries), read_qrels(arguments.qrels), row_of, arguments.qrels
    )
    frozen = torch.from_numpy(encode_texts(encoder, list(queries.queries.values()), "query"))
    data = TrainingQueries(WholeEncoder(encoder), queries, row_of, frozen)
    loader = torch.utils.data.DataLoader(
        data, batch_size=32, sampler=EpochSampler(32, data.lengths(), 42), collate_fn=data.collate
    )
    optimiser = torch.optim.AdamW(encoder.parameters(), lr=5e-5, fused=True)
    timer = Timer()
    index = TimedIndex(trainer.index, timer)
    half = resolve_precision(arguments.precision, encoder.device) == "bf16"
    encoder.train()
    batches = iter(loader)
    for _ in range(arguments.steps):
        with timer.part("step"):
            with timer.part("batch"):
                batch = next(batches)
            with (
                timer.part("encoder forward"),
                torch.autocast("cpu", torch.bfloat16) if half else nullcontext(),
            ):
                embeddings = encoder(**batch["features"])
            with timer.part("retrieval and loss"):
                leaf = embeddings.detach().float().requires_grad_()
                loss = trainer.objective(index, leaf, batch["frozen"], batch["positives"], batch["grades"])
                loss.backward()
            with timer.part("encoder backward"):
                embeddings.backward(leaf.grad.to(embeddings.dtype))
            with timer.part("clip and optimiser"):
                torch.nn.utils.clip_grad_norm_(encoder.parameters(), 1.0)
                optimiser.step()
                optimiser.zero_grad()
    total = sum(timer.seconds["step"][3:])
    share = {name: sum(values[3:]) / total for name, values in timer.seconds.items()}
    share["encoder"] = share["encoder forward"] + share["encoder backward"]
    report = {
        "documents": len(index),
        "precision": "bf16" if half else "fp32",
        "median step in seconds": round(statistics.median(timer.seconds["step"][3:]), 3),
        "share of the step": {name: round(value, 3) for name, value in share.items() if name != "step"},
    }
    print(json.dumps(report, indent=2))


if __name__ == "__main__":
    main()
