"""What compression gives and costs: nDCG@10, queries a second and bytes of each kind of FAISS index, on python-stdlib.

    python benchmarks/compressed_indexes.py [--quick] [--encoder DIR] [--index DIR]

The index is encoded unless one of the collection is given. Speed is that of FAISS alone, as Pyserini asks it by
default: one query at a time, one thread, 1,000 hits. So small a collection favours Flat: what the others save grows
with it.
"""

import argparse
import tempfile
from pathlib import Path

import faiss
import numpy as np
from inputs import add_encoder_option, encoder_path, stdlib_index
from measure import Benchmark, common_options

from pyserini_ltre.collection import PythonStdlib
from pyserini_ltre.collection.records import Qrels
from pyserini_ltre.encode.batching import encode_texts
from pyserini_ltre.encode.model import BiEncoder
from pyserini_ltre.eval.comparison_pictures import draw_trade_off
from pyserini_ltre.eval.measures import evaluate_per_query
from pyserini_ltre.eval.significance import confidence_interval
from pyserini_ltre.index.compress import compress
from pyserini_ltre.index.directory import IndexDirectory

KINDS = {
    "Flat": None,
    "SQ8": "SQ8",
    "PQ96": "PQ96",
    "PQ48": "PQ48",
    "PQ192, 4-bit fast scan": "PQ192x4fs",
    "PQ96, 4-bit fast scan": "PQ96x4fs",
    "IVF128, Flat, 8 lists": "IVF128,Flat",
    "HNSW32, efSearch 1000": "HNSW32,Flat",
}
QUICK_KINDS = ("Flat", "SQ8", "PQ192, 4-bit fast scan")
QUICK_FUNCTIONS, QUICK_TOKENS = 600, 64
MEASURE, HITS, LISTS = "nDCG@10", 1000, 8
FLAT = "Flat"


def measured(
    index: "faiss.Index", docids: list[str], queries: dict[str, np.ndarray], qrels: Qrels
) -> dict[str, float]:
    """The measure of each query."""
    run = {}
    for qid, vector in queries.items():
        scores, rows = index.search(vector[None], min(HITS, index.ntotal))
        run[qid] = {
            docids[row]: float(score) for row, score in zip(rows[0], scores[0], strict=True) if row != -1
        }
    return evaluate_per_query(run, qrels, [MEASURE])[MEASURE]


def main() -> None:
    """Compress, search, measure and draw."""
    parser = common_options(argparse.ArgumentParser(description=__doc__.splitlines()[0]))
    parser.add_argument(
        "--index", type=Path, help="index of python-stdlib by the encoder (default: it is encoded)"
    )
    add_encoder_option(parser)
    arguments = parser.parse_args()
    benchmark = Benchmark("compressed_indexes", arguments)
    quick = benchmark.quick
    name = encoder_path(arguments.encoder)
    collection = PythonStdlib(QUICK_FUNCTIONS if quick else None)
    encoder = BiEncoder.load(name)
    texts = collection.queries("test")
    vectors = encode_texts(encoder, list(texts.values()), "query")
    queries = dict(zip(texts, vectors, strict=True))
    qrels = collection.qrels("test")
    with tempfile.TemporaryDirectory() as temporary:
        folder = Path(temporary)
        if arguments.index and not quick:
            source = IndexDirectory(arguments.index)
        elif quick:
            source = IndexDirectory(stdlib_index(folder / "flat", name, collection, QUICK_TOKENS))
        else:
            source = IndexDirectory(stdlib_index(folder / "flat", name, collection))
        indexes, results = {}, {}
        for kind in QUICK_KINDS if quick else KINDS:
            path = source.path
            if KINDS[kind] is not None:
                path = folder / KINDS[kind]
                compress(source, KINDS[kind], path)
            index = faiss.read_index(str(path / "index"))
            if isinstance(index, faiss.IndexIVF):
                index.nprobe = LISTS
            if isinstance(index, faiss.IndexHNSW):
                index.hnsw.efSearch = HITS  # with the usual 16, FAISS finds a third of 1,000 hits
            values = measured(index, source.docids, queries, qrels)
            indexes[kind] = index
            results[kind] = {
                MEASURE: sum(values.values()) / len(values),
                "interval": confidence_interval(list(values.values())),
                "megabytes": round((path / "index").stat().st_size / 1e6, 2),
            }
        faiss.omp_set_num_threads(1)
        comparison = benchmark.compare(
            f"{len(vectors)} queries in {len(source.docids)} documents, one at a time",
            {kind: lambda index=index: _search_all(index, vectors) for kind, index in indexes.items()},
            against=FLAT,
            repeats=2 if quick else 5,
            amount=len(vectors),
            unit="queries",
        )
    for kind, result in results.items():
        result["queries_per_second"] = round(len(vectors) / comparison.median(kind))
        print(f"  {kind:<26} {MEASURE} {result[MEASURE]:.4f}, {result['megabytes']} MB")
    benchmark.more["indexes"] = results
    benchmark.finish()
    draw_trade_off(
        benchmark.output / f"{benchmark.name}-quality.png",
        {kind: result[MEASURE] for kind, result in results.items()},
        {kind: result["queries_per_second"] for kind, result in results.items()},
        MEASURE,
        {kind: result["interval"] for kind, result in results.items()},
    )


def _search_all(index: "faiss.Index", vectors: np.ndarray) -> None:
    for vector in vectors:
        index.search(vector[None], min(HITS, index.ntotal))


if __name__ == "__main__":
    main()
