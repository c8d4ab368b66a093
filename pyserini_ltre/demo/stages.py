"""The stages of the demo: collection, indexes, training, run files."""

from pathlib import Path

from pyserini_ltre import registry
from pyserini_ltre.collection import PythonStdlib, read_qrels, read_run, write_beir
from pyserini_ltre.errors import visible
from pyserini_ltre.json_files import write_json
from pyserini_ltre.run import tune_alpha
from pyserini_ltre.workflow.commands import run_command
from pyserini_ltre.workflow.export import export
from pyserini_ltre.workflow.folder import WorkFolder

FROZEN = "all-MiniLM-L6-v2"
HITS = 200
# Weights of BM25 beside a cosine of at most 1; BM25 scores are about 20.
ALPHAS = (0.0, 0.002, 0.005, 0.01, 0.015, 0.02, 0.03, 0.04, 0.06, 0.1)
SYSTEMS = ("frozen", "distilled", "trained", "bm25", "hybrid", "fusion")


def export_collection(folder: WorkFolder, collection: PythonStdlib, name: str) -> None:
    """Write the collection for BEIR tools, for Pyserini and for trec_eval, and register topics and qrels."""
    path = folder.path
    queries = {split: collection.queries(split) for split in collection.splits}
    qrels = {split: collection.qrels(split) for split in collection.splits}
    with folder.stage("collection", path / "collection", path / "corpus") as to_do:
        if to_do:
            write_beir(path / "collection", collection.documents(), queries, qrels)
            export(collection, path)
    for split in collection.splits:
        registry.register("topics", f"{name}-{split}", path=path / f"topics.{split}.tsv")
        registry.register("qrels", f"{name}-{split}", path=path / f"qrels.{split}.txt")
    counts = ", ".join(f"{len(queries[split])} {split}" for split in collection.splits)
    documents = sum(1 for _ in collection.documents())
    print(f"{documents} functions of Python {collection.python_version}; queries: {counts}")


def build_indexes(folder: WorkFolder, name: str, encoder: Path, device: str = "cpu") -> None:
    """Index the collection for BM25 and encode it on a device, once, with the encoder as it is."""
    path = folder.path
    with folder.stage("BM25 index", path / "bm25-index") as to_do:
        if to_do:
            run_command(
                *("pyserini.index.lucene", "--collection", "JsonCollection", "--input", path / "corpus"),
                *("--index", path / "bm25-index", "--threads", "2"),
                log=path / "logs" / "index-lucene.txt",
            )
    with folder.stage("encoding documents", path / "index") as to_do:
        if to_do:
            run_command(
                *("pyserini_ltre.encode", "--collection", path / "collection", "--encoder", encoder),
                *("--output", path / "index", "--precision", "auto"),
                *_on(device),
            )
    registry.register("encoders", FROZEN, path=encoder)
    registry.register("indexes", name, path=path / "index", encoder=str(encoder))


def train(folder: WorkFolder, encoder: Path, device: str = "cpu") -> None:
    """Train the query side on the index: without judgements, and with them, which is registered as ``ltre``."""
    path = folder.path
    with folder.stage("training without judgements") as to_do:
        if to_do:
            run_command(
                *("pyserini_ltre.train", "distil", "--trainable", "adapter", "--index", path / "index"),
                *("--encoder", encoder, "--collection", path / "collection", "--lucene", path / "bm25-index"),
                *("--exclude", path / "topics.test.tsv", "--output", path / "model-distilled", "--overwrite"),
                *_on(device),
            )
    with folder.stage("training") as to_do:
        if to_do:
            run_command(
                *("pyserini_ltre.train", "adore", "--index", path / "index", "--encoder", encoder),
                *("--queries", path / "topics.train.tsv", "--qrels", path / "qrels.train.txt"),
                *("--dev-queries", path / "topics.dev.tsv", "--dev-qrels", path / "qrels.dev.txt"),
                *("--output", path / "model", "--overwrite"),
                *_on(device),
            )
    stood_for = registry.path_of("encoders", "ltre")
    registry.register("encoders", "ltre", path=path / "model")
    if stood_for not in (None, (path / "model").absolute()):
        print(visible(f"--encoder ltre now means {path / 'model'}; before, it meant {stood_for}"))


def search(folder: WorkFolder, name: str, device: str = "cpu") -> float:
    """Make the run files of the test queries with unmodified Pyserini.

    Gives the weight of BM25 in the hybrid run, chosen on the dev queries.
    """
    path = folder.path
    runs = path / "runs"
    runs.mkdir(exist_ok=True)
    with folder.stage("dev runs") as to_do:
        if to_do:
            _dense(path, name, "dev", "ltre", runs / "dev.trained.txt", device)
            _bm25(path, name, "dev", runs / "dev.bm25.txt")
    alpha, values = tune_alpha(
        read_run(runs / "dev.trained.txt"),
        read_run(runs / "dev.bm25.txt"),
        read_qrels(path / "qrels.dev.txt"),
        ALPHAS,
    )
    print(
        f"weight of BM25 in the hybrid: {alpha} (dev nDCG@10 {values[alpha]:.4f}; without BM25 {values[0.0]:.4f})"
    )
    write_json(path / "alpha.json", {"alpha": alpha, "dev nDCG@10": values})
    frozen, distilled, trained, bm25, hybrid, fusion = (runs / f"{system}.txt" for system in SYSTEMS)
    with folder.stage("test runs") as to_do:
        if to_do:
            _dense(path, name, "test", f"ltre:{FROZEN}", frozen, device)
            _dense(path, name, "test", f"ltre:{path / 'model-distilled'}", distilled, device)
            _dense(path, name, "test", "ltre", trained, device)
            _bm25(path, name, "test", bm25)
            run_command(
                *("pyserini.search.hybrid", "dense", "--index", name, "--encoder", "ltre"),
                *("sparse", "--index", path / "bm25-index"),
                *("fusion", "--alpha", str(alpha), "--hits", str(HITS)),
                *("run", "--topics", f"{name}-test", "--output", hybrid, "--hits", str(HITS)),
                log=path / "logs" / "hybrid.txt",
            )
            run_command(
                *("pyserini.fusion", "--runs", trained, bm25, "--method", "rrf"),
                *("--output", fusion, "--runtag", "fusion", "--k", str(HITS)),
                log=path / "logs" / "fusion.txt",
            )
    return alpha


def trec_eval(folder: WorkFolder, name: str) -> dict[str, float]:
    """Evaluate the frozen and the trained run with Pyserini's trec_eval: nDCG@10 of each."""
    values = {}
    for system in ("frozen", "trained"):
        printed = run_command(
            *("pyserini.eval.trec_eval", "-c", "-m", "ndcg_cut.10", f"{name}-test"),
            folder.path / "runs" / f"{system}.txt",
            log=folder.path / "logs" / f"trec_eval.{system}.txt",
        )
        line = next(line for line in printed.splitlines() if line.startswith("ndcg_cut_10"))
        print(line)
        values[system] = float(line.split()[-1])
    return values


def _on(device: str) -> tuple[str, ...]:
    return () if device == "cpu" else ("--device", device)


def _dense(path: Path, name: str, split: str, encoder: str, run: Path, device: str) -> None:
    words = ("pyserini.search.faiss", "--encoder", encoder, "--index", name, "--topics", f"{name}-{split}")
    options: tuple[str | Path, ...] = ("--output", run, "--hits", str(HITS), *_on(device))
    run_command(*words, *options, log=path / "logs" / f"{run.stem}.txt")


def _bm25(path: Path, name: str, split: str, run: Path) -> None:
    words = (
        "pyserini.search.lucene",
        "--bm25",
        "--index",
        path / "bm25-index",
        "--topics",
        f"{name}-{split}",
    )
    run_command(*words, "--output", run, "--hits", str(HITS), log=path / "logs" / f"{run.stem}.txt")
