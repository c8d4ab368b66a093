"""Codes in memory, vectors on disk, against the whole in memory: quality, memory and speed at 1,000,000 x 768.

    python benchmarks/two_levels.py [--quick] [--indexes FOLDER]

The vectors are generated, with variances that fall as 1 / (k + 5), as those of all-MiniLM-L6-v2's embeddings of
python-stdlib do: white noise has no neighbours worth finding. FOLDER takes 17 GB; what is made there is kept. Each way
is measured in a process of its own, one query at a time on one thread: cold, with nothing of the file in the page cache
before each query, and warm. What was read into memory when the index was opened is never cold.
"""

import argparse
import ctypes
import json
import mmap
import os
import subprocess
import sys
import time
from pathlib import Path

import faiss
import numpy as np
from inputs import CHUNK
from machine import process_memory
from measure import Benchmark, Comparison, common_options

from pyserini_ltre.index.compress import compress
from pyserini_ltre.index.directory import IndexDirectory
from pyserini_ltre.index.writing import write_index_directory

DOCUMENTS, QUICK_DOCUMENTS, DIMENSION = 1_000_000, 20_000, 768
QUERIES, QUICK_QUERIES, HITS = 200, 40, 100
COLD_QUERIES = 20
FLAT, HNSW, IN_MEMORY = "Flat", "HNSW32", "PQ48,RFlat in memory"
# How far a graph is searched; more finds more.
EF_SEARCH = {f"{HNSW}, efSearch 200": 200, f"{HNSW}, efSearch 2000": 2000}
# Way -> directory, and how it is read.
WAYS = {
    FLAT: ("flat", "read"),
    **dict.fromkeys(EF_SEARCH, ("hnsw", "read")),
    IN_MEMORY: ("PQ48-exact", "read"),
    "PQ96, exact on disk": ("PQ96-exact", "map"),
    "PQ48, exact on disk": ("PQ48-exact", "map"),
    "PQ48, a byte on disk": ("PQ48-sq8", "map"),
}


def main() -> None:
    """Make the indexes, measure each in a process, draw."""
    parser = common_options(argparse.ArgumentParser(description=__doc__.splitlines()[0]))
    parser.add_argument("--indexes", type=Path, help="folder of generated indexes (default: the output's)")
    parser.add_argument(
        "--no-hnsw", action="store_true", help="without the graph, which takes longest to make"
    )
    parser.add_argument("--measure", nargs=4, help=argparse.SUPPRESS)
    arguments = parser.parse_args()
    if arguments.measure:
        print(json.dumps(measured(*arguments.measure)))
        return
    benchmark = Benchmark("two_levels", arguments)
    documents = QUICK_DOCUMENTS if benchmark.quick else DOCUMENTS
    folder = arguments.indexes or arguments.output / f"two-levels-{documents}"
    folder.mkdir(parents=True, exist_ok=True)
    ways = {way: WAYS[way] for way in WAYS if way not in EF_SEARCH or not arguments.no_hnsw}
    names = [name for name, _ in ways.values()]
    make(folder, names, documents, QUICK_QUERIES if benchmark.quick else QUERIES)
    found: dict[str, dict] = {}
    for way, (name, how) in ways.items():
        command = [sys.executable, __file__, "--measure", str(folder / name), how, str(folder), way]
        done = subprocess.run(command, capture_output=True, text=True, check=True)
        found[way] = json.loads(done.stdout.splitlines()[-1])
        print(way, told(found[way]), flush=True)
    for state in ("cold", "warm"):
        seconds = {way: row[state] for way, row in found.items()}
        work = f"{HITS} hits of a query, {documents:,} x {DIMENSION}, {state}"
        benchmark.add(Comparison(work, FLAT, seconds))
    benchmark.more["ways"] = {way: told(row) for way, row in found.items()}
    benchmark.finish(picture=False)
    draw(found, benchmark.output / f"{benchmark.name}.png", documents)


def told(row: dict[str, object]) -> dict[str, object]:
    """What was seen of a way, with the median milliseconds of a query in place of each query's seconds."""
    return {
        key: round(1000 * float(np.median(value)), 1) if key in ("cold", "warm") else value
        for key, value in row.items()
    }


def vectors(count: int, seed: int) -> np.ndarray:
    """Vectors (count, 768) of length 1, with the variances of embeddings along random directions."""
    spread = np.sqrt(1 / (np.arange(DIMENSION, dtype=np.float32) + 5))
    turn = np.linalg.qr(np.random.default_rng(0).standard_normal((DIMENSION, DIMENSION)))[0]
    drawn = np.random.default_rng(seed).standard_normal((count, DIMENSION), dtype=np.float32) * spread
    turned = drawn @ turn.astype(np.float32)
    return turned / np.linalg.norm(turned, axis=1, keepdims=True)


def make(folder: Path, names: list[str], documents: int, queries: int) -> None:
    """Make what is not there yet: the flat index, queries with their exact hits, and the others of the names."""
    if not (folder / "flat").exists():
        flat = faiss.IndexFlatIP(DIMENSION)
        for start in range(0, documents, CHUNK):
            flat.add(vectors(min(CHUNK, documents - start), start + 1))
        write_index_directory(folder / "flat", flat, [str(row) for row in range(documents)], None)
    source = IndexDirectory(folder / "flat")
    if not (folder / "queries.npz").exists():
        asked = vectors(queries, documents + 1)
        _, rows = source.faiss_index.search(asked, HITS)
        np.savez(folder / "queries.npz", queries=asked, rows=rows)
    for codes in sorted({name for name in names if "-" in name}):
        if not (folder / codes).exists():
            factory, refine = codes.split("-")
            compress(source, factory, folder / codes, refine=refine)
    if "hnsw" in names and not (folder / "hnsw").exists():
        hnsw = faiss.IndexHNSWFlat(DIMENSION, 32, faiss.METRIC_INNER_PRODUCT)
        for start in range(0, documents, CHUNK):
            hnsw.add(source.faiss_index.reconstruct_n(start, min(CHUNK, documents - start)))
        write_index_directory(folder / "hnsw", hnsw, [str(row) for row in range(documents)], None)


def measured(path: str, how: str, folder: str, way: str) -> dict[str, object]:
    """Open an index whose file is not in the page cache, and search it: cold, then twice, the second time warm."""
    faiss.omp_set_num_threads(1)
    file = Path(path, "index")
    forget(file)
    with np.load(Path(folder, "queries.npz")) as saved:
        queries, wanted = saved["queries"], saved["rows"]
    row: dict[str, object] = {"memory before": process_memory()}
    start = time.perf_counter()
    index = faiss.read_index(str(file)) if how == "read" else IndexDirectory(path).faiss_index
    row["open"] = round(time.perf_counter() - start, 2)
    if way in EF_SEARCH:
        index.hnsw.efSearch = EF_SEARCH[way]
    rows: list[np.ndarray] = []
    for state, asked in (("cold", queries[:COLD_QUERIES]), ("first", queries), ("warm", queries)):
        seconds, rows = [], []
        for query in asked:
            if state == "cold":
                forget(file)
            start = time.perf_counter()
            rows.append(index.search(query[None], HITS)[1][0])
            seconds.append(time.perf_counter() - start)
        if state != "first":
            row[state] = seconds
            row[f"{state} memory"] = process_memory()
    found = [len(set(a) & set(b)) / HITS for a, b in zip(rows, wanted, strict=True)]
    row["recall"] = round(float(np.mean(found)), 4)
    if isinstance(index, faiss.IndexRefine):
        codes = faiss.downcast_index(index.base_index).sa_code_size()
        row["codes_gb"] = round(index.ntotal * codes / 1e9, 3)
        row["candidates"] = index.k_factor
    return row


def forget(file: Path) -> None:
    """Have the system take a file out of the page cache, also what this process has mapped of it."""
    libc = ctypes.CDLL(None, use_errno=True)
    with open("/proc/self/maps", encoding="utf-8") as maps:
        mapped = [line.split()[0] for line in maps if line.rstrip("\n").endswith(f" {file}")]
    for span in mapped:
        first, last = (int(address, 16) for address in span.split("-"))
        if libc.madvise(ctypes.c_void_p(first), ctypes.c_size_t(last - first), mmap.MADV_DONTNEED):
            raise OSError(ctypes.get_errno(), "madvise")
    with file.open("rb") as opened:
        os.fsync(opened.fileno())
        os.posix_fadvise(opened.fileno(), 0, 0, os.POSIX_FADV_DONTNEED)


def draw(found: dict[str, dict], path: Path, documents: int) -> None:
    """A point for each way: memory against milliseconds, its recall in the legend."""
    from matplotlib.figure import Figure

    figure = Figure(figsize=(8.0, 4.6), layout="constrained")
    axes = figure.add_subplot()
    for place, (way, row) in enumerate(found.items()):
        own = row["warm memory"]["anonymous"] - row["memory before"]["anonymous"]
        # Codes that are mapped take memory, too, if they are to be searched at this speed.
        memory = max(own, row.get("codes_gb", 0.0))
        warm, cold = (float(np.median(row[state])) * 1000 for state in ("warm", "cold"))
        if cold > 1.5 * warm:
            axes.plot([memory, memory], [warm, cold], ":", color=f"C{place}", linewidth=1)
            axes.plot(memory, cold, "x", color=f"C{place}")
        label = f"{way}: {row['recall']:.1%} of the exact top {HITS}"
        axes.plot(memory, warm, "o", color=f"C{place}", label=label)
    axes.set(xscale="log", yscale="log", xlabel="gigabytes of memory: vectors, graph or codes (logarithmic)")
    axes.set_ylabel("milliseconds a query, one thread (logarithmic)")
    axes.set_title(
        f"{documents:,} x {DIMENSION}; dots warm, crosses: nothing of the file in memory", fontsize=10
    )
    axes.margins(0.15)
    axes.legend(fontsize=8, loc="upper center", ncols=2, bbox_to_anchor=(0.5, -0.16))
    figure.savefig(path, dpi=150)


if __name__ == "__main__":
    main()
