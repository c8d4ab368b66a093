"""Retrieval, loss and gradient of a training step: in this process on two threads, or by two Ray workers of one each.

    python benchmarks/ray_step.py [--quick] [--vectors FOLDER]

Random queries and documents (11,410 and 1,000,000 x 768), mapped from two shards; no encoder, whose time would be the
same on either side. The workers are two nodes of a Ray cluster on this machine, real processes that share its memory:
what a network adds is computed from the bytes (``scale.py``). Two ways for the learner to get its gradient:

- *vectors*: those of the documents found are fetched (what pyserini_ltre does);
- *sums*: scores and, in the backward pass, sums of vectors times dL/ds are computed where the vectors lie.

The cost of an exchange is measured with more workers, too: nodes on the same two cores, which is more than machines of
their own would take. The learner's memory is that of a process of its own for each size. FOLDER takes 7 GB while the
indexes are made.
"""

import argparse
import json
import os
import statistics
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import torch
from exact_search import HITS
from inputs import BATCH, generated_index, random_vectors
from machine import process_memory
from measure import Benchmark, alternate, common_options
from ray_sums import SummedIndex, summed_loss

from pyserini_ltre.cluster import connected
from pyserini_ltre.index import open_directory
from pyserini_ltre.index.directory import IndexDirectory
from pyserini_ltre.index.remote.directory import RemoteDirectory
from pyserini_ltre.index.remote.searching import RemoteIndex
from pyserini_ltre.index.segmented import merged
from pyserini_ltre.index.sharded.convert import shard
from pyserini_ltre.index.writing import write_index_directory
from pyserini_ltre.train.losses.objective import Objective

SIZES, QUICK_SIZES, DIMENSION, WORKERS = (11_410, 1_000_000), (5_000, 20_000), 768, 2
# Sizes between which the learner's memory must not grow.
MEMORY_SIZES = (100_000, 1_000_000)
# Workers that exchange next to nothing: this many documents each.
EXCHANGING, FEW = (2, 8), 300
# Scores and gradients out and in; queries to each worker, and a sum for each query from it.
SUMMED_BYTES = 2 * BATCH * HITS * (4 + 8 + 4) + 2 * WORKERS * BATCH * DIMENSION * 4
ROUNDS, QUICK_ROUNDS = 15, 4
HERE, VECTORS, SUMS = "in this process, two threads", "two Ray workers, vectors", "two Ray workers, sums"
REACH = 0.85


def sharded_index(folder: Path, documents: int, shards: int = WORKERS) -> Path:
    """A sharded index of random vectors, made unless it is there already."""
    path = folder / f"{documents}x{DIMENSION}.{shards}"
    if not path.is_dir():
        whole = folder / f"{documents}x{DIMENSION}"
        docids = [f"document-{row}" for row in range(documents)]
        write_index_directory(whole, generated_index(documents, DIMENSION), docids, None, overwrite=True)
        shard(IndexDirectory(whole), shards, path)
        for name in ("index", "docid"):
            (whole / name).unlink()
        whole.rmdir()
    return path


@contextmanager
def ray_nodes(count: int = WORKERS) -> Iterator[Any]:
    """A Ray cluster of nodes on this machine, each with one processor."""
    os.environ |= {"RAY_USAGE_STATS_ENABLED": "0", "OMP_WAIT_POLICY": "PASSIVE"}
    from ray.cluster_utils import Cluster

    settings = {"num_cpus": 1, "object_store_memory": 2**29, "include_dashboard": False}
    cluster = Cluster(initialize_head=True, head_node_args=settings)
    try:
        for _ in range(count - 1):
            cluster.add_node(**settings)
        with connected(cluster.address):
            yield cluster
    finally:
        cluster.shutdown()


class Step:
    """Retrieval, loss and gradient of one batch after another."""

    def __init__(self, index: Any, documents: int) -> None:
        self.loss = Objective(method="softmax", hits=HITS).resolve(index, normalises=True, anchor=1.0)
        self.queries = random_vectors(BATCH * 8, DIMENSION, seed=-1).split(BATCH)
        self.positives = torch.randint(documents, (BATCH, 1), generator=torch.Generator().manual_seed(7))
        self.turn = 0

    def __call__(self) -> torch.Tensor:
        """Make a step; gives the gradient."""
        frozen = self.queries[self.turn % len(self.queries)]
        self.turn += 1
        queries = frozen.clone().requires_grad_()
        self.loss(queries, frozen, self.positives, torch.ones(BATCH, 1)).backward()
        return queries.grad


class SummedStep(Step):
    """The same with the gradient summed where the vectors lie."""

    def __call__(self) -> torch.Tensor:
        """Make a step; gives the gradient."""
        frozen = self.queries[self.turn % len(self.queries)]
        self.turn += 1
        queries = frozen.clone().requires_grad_()
        summed_loss(self.loss, queries, frozen, self.positives, torch.ones(BATCH, 1)).backward()
        return queries.grad


def parts(index: RemoteIndex, step: Step, rounds: int) -> dict[str, dict[str, float]]:
    """Median milliseconds of each part of a step with fetched vectors, and the bytes that travel for it."""
    milliseconds: dict[str, list[float]] = {}
    traffic: dict[str, float] = {}

    def timed(part: str, work: Callable[..., Any], *given: Any) -> Any:
        start = time.perf_counter()
        result = work(*given)
        milliseconds.setdefault(part, []).append((time.perf_counter() - start) * 1e3)
        return result

    starts = dict(enumerate(index.starts[:-1].tolist()))
    for turn in range(rounds):
        queries = step.queries[turn % len(step.queries)]
        asked = queries.numpy(), HITS, index.backend
        answers = timed("search, sent and answered", index.workers.ask, "search", starts, *asked)
        inside = [
            worker.actor.__ray_call__.remote(_timed_search, sorted(worker.shards), *asked)
            for worker in index.workers.workers.values()
        ]
        milliseconds.setdefault("search, in the workers", []).append(max(index.workers.ray.get(inside)) * 1e3)
        found = [(torch.from_numpy(scores.copy()), torch.from_numpy(rows.copy())) for scores, rows in answers]
        _, rows = timed("merge", merged, found, HITS)
        vectors = timed("vectors", index.vectors, rows)

        timed("products and gradient, here", _learn, queries, vectors)
        unique = len(rows.unique())
        traffic["search, sent and answered"] = len(answers) * (
            queries.numel() * 4 + sum(column.nbytes for column in answers[0])
        )
        traffic["vectors"] = unique * (DIMENSION * 4 + 8)
    medians = {part: round(statistics.median(values), 2) for part, values in milliseconds.items()}
    return {"milliseconds": medians, "bytes": traffic}


def _learn(queries: torch.Tensor, vectors: torch.Tensor) -> None:
    leaf = queries.clone().requires_grad_()
    torch.einsum("bd,bmd->bm", leaf, vectors).square().sum().backward()


def _timed_search(holder: Any, shards: list[int], queries: Any, k: int, backend: str) -> float:
    start = time.perf_counter()
    holder.search(dict.fromkeys(shards, 0), queries, k, backend)
    return time.perf_counter() - start


def exchange(folder: Path, workers: int, rounds: int) -> dict[str, float]:
    """A search by so many workers that have next to nothing to search: sending, answering, merging.

    Returns
    -------
    dict of str to float
        Milliseconds that pass, and those that the learner computes for it: here the workers are in its way, on machines
        of their own they are not.
    """
    with ray_nodes(workers):
        directory = RemoteDirectory(sharded_index(folder, FEW * workers, workers))
        index, queries = directory.open(), random_vectors(BATCH, DIMENSION, seed=-1)
        computed = []

        def search() -> None:
            start = time.process_time()
            index.search(queries, HITS)
            computed.append(time.process_time() - start)

        passed = alternate({"search": search}, 2 * rounds, warm_up=3)["search"]
        directory.close()
    both = {"passed": passed, "computed by the learner": computed}
    return {name: round(statistics.median(seconds) * 1e3, 2) for name, seconds in both.items()}


def memory_of_learner(path: Path) -> dict[str, float]:
    """Gigabytes of this process after some steps against an index of workers."""
    directory = RemoteDirectory(path)
    step = Step(directory.open(), len(directory.row_of))
    for _ in range(10):
        step()
    directory.close()
    return process_memory()


def main() -> None:
    """Measure both sizes, the parts, exchanges with more workers, and the learner's memory."""
    parser = common_options(argparse.ArgumentParser(description=__doc__.splitlines()[0]))
    parser.add_argument("--vectors", type=Path, help="folder of generated indexes (default: the output's)")
    parser.add_argument("--memory-of", type=Path, help=argparse.SUPPRESS)
    arguments = parser.parse_args()
    if arguments.memory_of:
        with ray_nodes():
            print(json.dumps(memory_of_learner(arguments.memory_of)))
        return
    benchmark = Benchmark("ray_step", arguments)
    folder = arguments.vectors or arguments.output / "vectors"
    folder.mkdir(parents=True, exist_ok=True)
    rounds = QUICK_ROUNDS if arguments.quick else ROUNDS
    sizes = QUICK_SIZES if arguments.quick else SIZES
    grown = QUICK_SIZES if arguments.quick else MEMORY_SIZES
    paths = {documents: sharded_index(folder, documents) for documents in {*sizes, *grown}}
    with ray_nodes():
        for documents in sizes:
            compare(benchmark, paths[documents], documents, rounds)
    benchmark.more["milliseconds of an exchange, by workers"] = {
        workers: exchange(folder, workers, rounds) for workers in EXCHANGING
    }
    benchmark.more["gigabytes of the learner, by documents"] = {
        documents: json.loads(
            subprocess.run(
                [sys.executable, __file__, "--memory-of", str(paths[documents])],
                capture_output=True,
                text=True,
                check=True,
            ).stdout.splitlines()[-1]
        )
        for documents in grown
    }
    for name, value in benchmark.more.items():
        print(f"{name}: {value}")
    benchmark.finish()


def compare(benchmark: Benchmark, path: Path, documents: int, rounds: int) -> None:
    """Compare the ways to make a step at one size, and take it apart."""
    here = Step(open_directory(path).open(), documents)
    directory = RemoteDirectory(path)
    index = directory.open()
    remote = Step(index, documents)
    summed = SummedStep(SummedIndex(directory.workers, index.backend), documents)
    expected = here()
    notes = {
        f"largest difference of the gradient, {name}": float((step() - expected).abs().max())
        for name, step in ((VECTORS, remote), (SUMS, summed))
    }
    comparison = benchmark.compare(
        f"retrieval, loss and gradient, {documents:,} x {DIMENSION}, batch {BATCH}, top {HITS}",
        {HERE: here, VECTORS: remote, SUMS: summed},
        against=HERE,
        repeats=rounds,
        reach={VECTORS: REACH} if documents == max(SIZES) else {},
        warm_up=2,
        notes=notes,
    )
    comparison.notes |= {"parts": parts(index, remote, rounds), "bytes of the sums": SUMMED_BYTES}
    print(f"  parts: {comparison.notes['parts']}")
    directory.close()


if __name__ == "__main__":
    main()
