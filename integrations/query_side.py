"""Measure query-side training with its defaults: frozen, trained, and hybrids with BM25, on one collection.

    python integrations/query_side.py --collection ../shared/data/nfcorpus --encoder MODEL --output results/nfcorpus

Everything is made by commands that are printed; the table goes to ``table.md``. Test queries that share a
relevant document with a training query are shown apart: gains there may be memory.
"""

import argparse
import json
import time
from pathlib import Path

from pyserini_ltre.collection import (
    open_collection,
    overlapping_queries,
    write_json_collection,
    write_qrels,
    write_topics,
)
from pyserini_ltre.demo.commands import run_command
from pyserini_ltre.demo.stages import ALPHAS
from pyserini_ltre.eval import evaluate_per_query, markdown_table, paired_t_test
from pyserini_ltre.run import interpolate, read_run, tune_alpha

MEASURE = "nDCG@10"
HITS = "200"


def prepare(path, collection, encoder):
    for split in collection.splits:
        write_topics(path / f"topics.{split}.tsv", collection.queries(split))
        write_qrels(path / f"qrels.{split}.txt", collection.qrels(split))
    if not (path / "bm25").exists():
        write_json_collection(collection.documents(), path / "corpus")
        run_command(
            *("pyserini.index.lucene", "--collection", "JsonCollection", "--input", path / "corpus"),
            *("--index", path / "bm25", "--threads", "2"),
            log=path / "logs" / "lucene.txt",
        )


def train(path, index, encoder, objective, trainable, splits):
    output = path / f"{objective}-{trainable}"
    dev = (
        ("--dev-queries", path / "topics.dev.tsv", "--dev-qrels", path / "qrels.dev.txt")
        if "dev" in splits
        else ()
    )
    start = time.perf_counter()
    run_command(
        *("pyserini_ltre.train", objective, "--trainable", trainable, "--index", index, "--encoder", encoder),
        *("--queries", path / "topics.train.tsv", "--qrels", path / "qrels.train.txt", *dev),
        *("--output", output, "--overwrite"),
    )
    if (
        "dev" not in splits
    ):  # what was held out of the training queries is what the hybrid's weight is chosen on
        held = set((output / "held_out_queries.txt").read_text(encoding="utf-8").split())
        topics = (path / "topics.train.tsv").read_text(encoding="utf-8").splitlines()
        lines = [line for line in topics if line.split("\t")[0] in held]
        (path / "topics.dev.tsv").write_text("\n".join(lines) + "\n", encoding="utf-8")
    return output, time.perf_counter() - start


def search(path, index, encoder, split, name):
    run = path / f"run.{name}.{split}.txt"
    topics = path / f"topics.{split}.tsv"
    if encoder is None:
        command = ("pyserini.search.lucene", "--bm25", "--index", path / "bm25")
    else:
        command = ("pyserini.search.faiss", "--encoder", f"ltre:{encoder}", "--index", index)
    run_command(
        *command,
        "--topics",
        topics,
        "--output",
        run,
        "--hits",
        HITS,
        log=path / "logs" / f"{name}.{split}.txt",
    )
    return read_run(run)


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--collection", required=True)
    parser.add_argument("--encoder", required=True)
    parser.add_argument("--index", help="existing index directory (default: the collection is encoded)")
    parser.add_argument("--objective", default="adore")
    parser.add_argument("--trainable", nargs="+", default=["encoder", "adapter"])
    parser.add_argument("--output", required=True, type=Path)
    arguments = parser.parse_args()
    path, encoder = arguments.output, arguments.encoder
    path.mkdir(parents=True, exist_ok=True)
    collection = open_collection(arguments.collection)
    prepare(path, collection, encoder)
    index = Path(arguments.index) if arguments.index else path / "index"
    if not index.exists():
        command = ("pyserini_ltre.encode", "--collection", arguments.collection, "--encoder", encoder)
        run_command(*command, "--output", index, "--precision", "auto")
    trained = {
        name: train(path, index, encoder, arguments.objective, name, collection.splits)
        for name in arguments.trainable
    }
    qrels = collection.qrels("test")
    dev_qrels = collection.qrels("dev" if "dev" in collection.splits else "train")
    shared = overlapping_queries(qrels, collection.qrels("train"))
    bm25, bm25_dev = (search(path, index, None, split, "bm25") for split in ("test", "dev"))
    systems = {"frozen": encoder} | {name: output for name, (output, _) in trained.items()}
    each, seconds, alphas = {"BM25": evaluate_per_query(bm25, qrels, [MEASURE])[MEASURE]}, {}, {}
    for name, model in systems.items():
        run, dev = (search(path, index, model, split, name) for split in ("test", "dev"))
        judged = {qid: dev_qrels[qid] for qid in dev}
        alpha, _ = tune_alpha(dev, bm25_dev, judged, ALPHAS)
        each[name] = evaluate_per_query(run, qrels, [MEASURE])[MEASURE]
        hybrid = f"{name} + BM25"
        each[hybrid] = evaluate_per_query(interpolate(run, bm25, alpha), qrels, [MEASURE])[MEASURE]
        alphas[hybrid] = alpha
        if name in trained:
            seconds[name] = trained[name][1]
    rows = []
    for name, values in each.items():
        groups = [
            values,
            {q: values[q] for q in values if q in shared},
            {q: values[q] for q in values if q not in shared},
        ]
        means = [f"{sum(group.values()) / len(group):.4f}" if group else "-" for group in groups]
        p = f"{paired_t_test(each['frozen'], values).p_value:.1g}" if name != "frozen" else ""
        rows.append(
            (name, *means, p, f"{seconds[name]:.0f}" if name in seconds else "", alphas.get(name, ""))
        )
    header = (
        f"{MEASURE}, {len(qrels)} test queries",
        "all",
        f"sharing ({len(shared)})",
        f"others ({len(qrels) - len(shared)})",
        "p against frozen",
        "seconds of training",
        "weight of BM25",
    )
    table = markdown_table(header, rows)
    (path / "table.md").write_text(table + "\n", encoding="utf-8")
    (path / "results.json").write_text(json.dumps(each, indent=1), encoding="utf-8")
    print("\n" + table)


if __name__ == "__main__":
    main()
