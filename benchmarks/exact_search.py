"""Exact top 200 of 32 queries, the search of one training step, against FAISS's flat index on the same vectors.

    python benchmarks/exact_search.py [--quick] [--documents 1000000] [--device cuda]

About 7 GB of memory and a minute at 1,000,000 x 768.
"""

import argparse
from collections.abc import Callable

import faiss
import torch
from inputs import BATCH, generated_index, random_vectors, shared_vectors
from measure import Benchmark, common_options

from pyserini_ltre.index.exact import Bfloat16Index, ExactIndex

DOCUMENTS, QUICK_DOCUMENTS, DIMENSION = 1_000_000, 100_000, 768
HITS = 200
FAISS, EXACT, HALF = "FAISS IndexFlatIP", "exact, fp32", "exact, bf16"


def search_ways(
    flat: "faiss.IndexFlatIP", device: str = "cpu"
) -> tuple[dict[str, Callable[[], tuple]], dict[str, object]]:
    """Ways to search the vectors of a flat index, and what they need.

    Returns
    -------
    ways : dict of str to callable
        Each gives scores and rows of the top 200 of 32 queries.
    notes : dict
        Share of documents that are those of FAISS, and bytes of the vectors, of each way.
    """
    queries = random_vectors(BATCH, flat.d, seed=-1)
    exact = ExactIndex(shared_vectors(flat).to(device), owner=flat)
    half = Bfloat16Index(exact, device)
    moved = queries.to(device)
    numpy_queries = queries.numpy()
    hits = min(HITS, flat.ntotal)
    ways = {
        FAISS: lambda: flat.search(numpy_queries, hits),
        EXACT: lambda: exact.search(moved, hits),
        HALF: lambda: half.search(moved, hits),
    }
    expected = torch.from_numpy(ways[FAISS]()[1])
    notes = {
        "share of FAISS's documents": {
            name: round(same_documents(ways[name]()[1].cpu(), expected), 5) for name in (EXACT, HALF)
        },
        "bytes of the vectors": {EXACT: exact.documents.nbytes, HALF: half.documents.nbytes},
    }
    return ways, notes


def same_documents(rows: torch.Tensor, expected: torch.Tensor) -> float:
    """Share of the rows (B, k) expected of a query that were found for it."""
    return float((expected.unsqueeze(2) == rows.unsqueeze(1)).any(2).float().mean())


def main() -> None:
    """Measure one size."""
    parser = common_options(argparse.ArgumentParser(description=__doc__.splitlines()[0]))
    parser.add_argument(
        "--documents", type=int, help=f"default: {DOCUMENTS}; with --quick: {QUICK_DOCUMENTS}"
    )
    arguments = parser.parse_args()
    documents = arguments.documents or (QUICK_DOCUMENTS if arguments.quick else DOCUMENTS)
    benchmark = Benchmark("exact_search", arguments)
    ways, notes = search_ways(generated_index(documents, DIMENSION), arguments.device)
    benchmark.compare(
        f"exact top {HITS} of {BATCH} queries in {documents:,} x {DIMENSION}",
        ways,
        against=FAISS,
        repeats=5 if arguments.quick else 9,
        reach={} if documents < DOCUMENTS else {EXACT: 3.0, HALF: 9.0},
        notes=notes,
    )
    benchmark.finish()


if __name__ == "__main__":
    main()
