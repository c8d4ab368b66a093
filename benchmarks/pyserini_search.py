"""1,000 queries to a TREC file through ``python -m pyserini.search.faiss``: our encoder against Pyserini's own.

    python benchmarks/pyserini_search.py [--quick] [--encoder DIR]

Both encoders are the same model, the index is generated (50,000 x the model's dimension), hits are 1,000 a query. Whole
processes are timed. How long the imports take by themselves is measured in the same rounds: they are the same for both,
but for the garbage collection that a command with our encoder leaves out meanwhile. That the hits are the same is
checked on one thread: the number of torch's threads changes the last digits of Pyserini's own encoders, and how many
lines differ for it is reported as well.
"""

import argparse
import os
import subprocess
import sys
import tempfile
from itertools import islice
from pathlib import Path

import faiss
from inputs import add_encoder_option, encoder_path, generated_index
from measure import Benchmark, Comparison, alternate, common_options

from pyserini_ltre.collection import PythonStdlib
from pyserini_ltre.json_files import read_json

DOCUMENTS, QUERIES, HITS = 50_000, 1_000, 1_000
QUICK_DOCUMENTS, QUICK_QUERIES = 5_000, 100
BUILT_IN, OURS, IMPORTS = "built-in encoder", "ours", "imports alone"
IMPORT = "import pyserini.search.faiss, pyserini.output_writer, pyserini.query_iterator"
BATCHES = (1, 128, 1000)


def write_inputs(folder: Path, dimension: int, documents: int, queries: int) -> None:
    """Write an index directory of generated vectors, and real queries."""
    (folder / "index").mkdir()
    faiss.write_index(generated_index(documents, dimension), str(folder / "index" / "index"))
    (folder / "index" / "docid").write_text("".join(f"doc{row}\n" for row in range(documents)))
    collection = PythonStdlib()
    texts = (text for split in collection.splits for text in collection.queries(split).values())
    chosen = enumerate(islice(texts, queries))
    (folder / "topics.tsv").write_text("".join(f"{number}\t{text}\n" for number, text in chosen))


def search(
    folder: Path, encoder: str, ours: bool, output: str, batch_size: int = 1, **environment: str
) -> bytes:
    """Run the command; the run file's bytes."""
    theirs = [encoder, "--encoder-class", "auto", "--pooling", "mean", "--l2-norm"]
    inputs = ["--index", "index", "--topics", "topics.tsv", "--hits", str(HITS), "--output", output]
    flags = [] if batch_size == 1 else ["--batch-size", str(batch_size)]
    run_python(
        folder,
        [
            "-m",
            "pyserini.search.faiss",
            *inputs,
            *flags,
            "--encoder",
            *([f"ltre:{encoder}"] if ours else theirs),
        ],
        environment,
    )
    return (folder / output).read_bytes()


def run_python(folder: Path, arguments: list[str], environment: dict[str, str] | None = None) -> None:
    """Run Python with the plugin active; what it prints is shown only if it fails."""
    done = subprocess.run(
        [sys.executable, *arguments],
        cwd=folder,
        env={**os.environ, **(environment or {})},
        capture_output=True,
        text=True,
    )
    if done.returncode:
        sys.exit(f"{' '.join(arguments)}: exit status {done.returncode}\n{done.stderr}")


def differing(one: bytes, other: bytes, columns: int) -> int:
    """Lines of two run files that differ in their first columns."""
    pairs = zip(one.splitlines(), other.splitlines(), strict=True)
    return sum(a.split()[:columns] != b.split()[:columns] for a, b in pairs)


def agreement(folder: Path, encoder: str, batches: tuple[int, ...]) -> dict[str, object]:
    """Whether the run files are the same, byte for byte on one thread, and what differs on more."""
    found: dict[str, object] = {}
    for size in batches:
        runs = [search(folder, encoder, ours, "run", size, OMP_NUM_THREADS="1") for ours in (False, True)]
        found[f"byte-identical on one thread, batch size {size}"] = runs[0] == runs[1]
    theirs, ours = (search(folder, encoder, ours, "run") for ours in (False, True))
    lines = theirs.count(b"\n")
    found["on all threads, lines of other score or document"] = f"{differing(theirs, ours, 6)} of {lines}"
    found["on all threads, lines of another document"] = f"{differing(theirs, ours, 4)} of {lines}"
    return found


def without_imports(comparison: Comparison) -> Comparison:
    """The same rounds, less the imports of each."""
    seconds = {
        name: [whole - imports for whole, imports in zip(values, comparison.seconds[IMPORTS], strict=True)]
        for name, values in comparison.seconds.items()
        if name != IMPORTS
    }
    work = f"{comparison.work}, less the imports"
    return Comparison(work, comparison.against, seconds, {}, comparison.amount, comparison.unit)


def main() -> None:
    """Measure default flags against default flags, and batches against batches."""
    parser = common_options(argparse.ArgumentParser(description=__doc__.splitlines()[0]))
    add_encoder_option(parser)
    arguments = parser.parse_args()
    benchmark = Benchmark("pyserini_search", arguments)
    encoder = encoder_path(arguments.encoder)
    documents, queries = (QUICK_DOCUMENTS, QUICK_QUERIES) if benchmark.quick else (DOCUMENTS, QUERIES)
    dimension = read_json(Path(encoder) / "config.json")["hidden_size"]
    with tempfile.TemporaryDirectory() as temporary:
        folder = Path(temporary)
        write_inputs(folder, dimension, documents, queries)
        for size in (1,) if benchmark.quick else BATCHES:
            ways = {
                BUILT_IN: lambda size=size: search(folder, encoder, False, "theirs", size),
                OURS: lambda size=size: search(folder, encoder, True, "ours", size),
                IMPORTS: lambda: run_python(folder, ["-c", IMPORT]),
            }
            seconds = alternate(ways, repeats=1 if benchmark.quick else 5, warm_up=0)
            work = f"{queries} queries in {documents} x {dimension}, " + (
                "default flags" if size == 1 else f"--batch-size {size}"
            )
            comparison = Comparison(work, BUILT_IN, seconds, {OURS: 3.0}, queries, "queries")
            if size == 1:
                comparison.notes |= {} if benchmark.quick else agreement(folder, encoder, BATCHES)
            benchmark.add(comparison)
            benchmark.add(without_imports(comparison))
    benchmark.finish()


if __name__ == "__main__":
    main()
