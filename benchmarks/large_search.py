"""Exact search at the size of MS MARCO passage, 8,841,823 x 768: bf16 vectors that stay in a memory-mapped file.

    python benchmarks/large_search.py --vectors FOLDER

FOLDER takes 14.5 GB; the generated vectors and the PQ96 index are made there at the first call, some minutes, and
kept. FAISS's flat index would need 27 GB: it is measured on a part, and the time multiplied.
"""

import argparse
import os
import time
from pathlib import Path

import faiss
import torch
from exact_search import HITS, same_documents
from inputs import BATCH, CHUNK, generated_index, random_vectors
from machine import process_memory
from measure import Benchmark, Comparison, alternate, common_options

from pyserini_ltre.index.exact import Bfloat16Index, ExactIndex

DOCUMENTS, QUICK_DOCUMENTS, DIMENSION = 8_841_823, 50_000, 768
# Documents of the flat index that is measured in place of one that does not fit.
FLAT_PART, QUICK_FLAT_PART = 500_000, 25_000
# What FAISS takes to train a product quantizer, at most.
TRAINING_VECTORS = 65_536
ROUNDS = 3
OURS, FLAT, QUANTIZED = "exact, bf16, memory-mapped", "FAISS IndexFlatIP (extrapolated)", "FAISS PQ96"


class MappedBfloat16Index(Bfloat16Index):
    """Search in bfloat16 vectors that are in a file already, instead of a copy made in memory."""

    def __init__(self, documents: torch.Tensor) -> None:
        self.originals = ExactIndex(documents)
        self.documents = documents
        self.centre = torch.zeros(documents.shape[1])


def mapped_vectors(path: Path, documents: int) -> torch.Tensor:
    """Random vectors (documents, 768) in a memory-mapped bfloat16 file, generated unless it is there already."""

    def opened(file: Path) -> torch.Tensor:
        size = documents * DIMENSION
        return torch.from_file(str(file), shared=True, size=size, dtype=torch.bfloat16).view(-1, DIMENSION)

    if not path.exists() or path.stat().st_size != documents * DIMENSION * 2:
        partial = path.with_suffix(".partial")
        vectors = opened(partial)
        for start in range(0, documents, CHUNK):
            part = vectors[start : start + CHUNK]
            part.copy_(random_vectors(len(part), DIMENSION, seed=start))
        del vectors
        os.replace(partial, path)
    return opened(path)


def quantized_index(path: Path, vectors: torch.Tensor) -> "faiss.Index":
    """PQ96 of the same vectors, in memory; built unless it is there already."""
    if not path.exists():
        index = faiss.IndexPQ(DIMENSION, 96, 8, faiss.METRIC_INNER_PRODUCT)
        index.train(vectors[: min(TRAINING_VECTORS, len(vectors) // 4)].float().numpy())
        for start in range(0, len(vectors), CHUNK):
            index.add(vectors[start : start + CHUNK].float().numpy())
        faiss.write_index(index, str(path))
    return faiss.read_index(str(path))


def flat_seconds(documents: int, queries: torch.Tensor, repeats: int) -> list[float]:
    """Seconds of FAISS's flat index of so many documents, which is gone from memory afterwards."""
    flat = generated_index(documents, DIMENSION)
    return alternate({FLAT: lambda: flat.search(queries.numpy(), HITS)}, repeats)[FLAT]


def main() -> None:
    """Measure, one way after the other: not all of them fit into memory at once."""
    parser = common_options(argparse.ArgumentParser(description=__doc__.splitlines()[0]))
    parser.add_argument("--vectors", type=Path, help="folder of generated files (default: the output's)")
    parser.add_argument("--build-only", action="store_true", help="generate the files, measure nothing")
    arguments = parser.parse_args()
    documents = QUICK_DOCUMENTS if arguments.quick else DOCUMENTS
    benchmark = Benchmark("large_search", arguments)
    folder = arguments.vectors or arguments.output / "vectors"
    folder.mkdir(parents=True, exist_ok=True)
    start = time.perf_counter()
    vectors = mapped_vectors(folder / f"{documents}.bf16", documents)
    quantized = quantized_index(folder / f"{documents}.pq96", vectors)
    print(f"files ready after {time.perf_counter() - start:.0f} s")
    if arguments.build_only:
        return
    queries = random_vectors(BATCH, DIMENSION, seed=-1)

    part = QUICK_FLAT_PART if arguments.quick else FLAT_PART
    measured = flat_seconds(part, queries, ROUNDS)
    # On a GPU the vectors are copied there: they have to fit.
    index = MappedBfloat16Index(vectors.to(arguments.device))
    moved = queries.to(arguments.device)
    ours = alternate({OURS: lambda: index.search(moved, HITS)}, ROUNDS, device=arguments.device)
    memory = process_memory()
    found = index.search(moved, HITS)[1].cpu()
    pq = alternate({QUANTIZED: lambda: quantized.search(queries.numpy(), HITS)}, ROUNDS, warm_up=0)
    rows = torch.from_numpy(quantized.search(queries.numpy(), HITS)[1])
    seconds = {FLAT: [value * documents / part for value in measured], **ours, **pq}
    benchmark.add(
        Comparison(
            f"exact top {HITS} of {BATCH} queries in {documents:,} x {DIMENSION}",
            FLAT,
            {way: values for way, values in seconds.items()},
            notes={
                "memory in GB while searching": memory,
                "file in GB": round(vectors.nbytes / 1e9, 2),
                "flat index measured at": part,
                "share of the exact documents that PQ96 finds": round(same_documents(rows, found), 4),
            },
        )
    )
    benchmark.finish()


if __name__ == "__main__":
    main()
