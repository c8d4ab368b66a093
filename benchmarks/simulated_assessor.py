"""What an hour of judging is worth: the qrels answer the pool, the adapter is taught, test topics measure.

``python benchmarks/simulated_assessor.py DEMO OUTPUT`` judges the best 10 of some systems for 10, 30 and 100 training
topics of the demo's folder DEMO, as somebody would on the workbench's page at 5 seconds a judgement, teaches after
each, and writes ``assessor.json`` and ``assessor.png`` into OUTPUT.
"""

import argparse
import time
from dataclasses import replace
from pathlib import Path

from matplotlib.figure import Figure

from pyserini_ltre.collection import read_qrels, read_queries, read_run
from pyserini_ltre.eval import evaluate
from pyserini_ltre.json_files import write_json
from pyserini_ltre.workbench.__main__ import parse_arguments
from pyserini_ltre.workbench.bench import ENCODER, FROZEN, Workbench
from pyserini_ltre.workbench.sources import find_sources

SECONDS, DEPTH, TOPICS, MEASURE = 5, 10, (10, 30, 100), "nDCG@10"
POOLS = {"frozen": [f"{ENCODER}{FROZEN}"], "frozen and BM25": [f"{ENCODER}{FROZEN}", "BM25"]}


def main() -> None:
    """Judge, teach and measure for each pool and number of topics."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("demo", type=Path)
    parser.add_argument("output", type=Path)
    arguments = parser.parse_args()
    sources = find_sources(parse_arguments([str(arguments.demo)]))
    bench = Workbench(replace(sources, own=arguments.output / "work"))
    train = read_queries(arguments.demo / "topics.train.tsv")
    known = read_qrels(arguments.demo / "qrels.train.txt")
    base = bench.systems.get(f"{ENCODER}{FROZEN}")
    bench.systems.wait([base.name, "BM25"])
    frozen = evaluate(bench.systems.search(base.name, bench.topics, 0.0), bench.qrels, [MEASURE])[MEASURE]
    curves = {}
    for name, systems in POOLS.items():
        points = curves[name] = [{"topics": 0, "judgements": 0, "minutes": 0.0, MEASURE: frozen}]
        for count in TOPICS:
            queries = dict(list(train.items())[:count])
            runs = {system: bench.systems.search(system, queries, 0.0, DEPTH) for system in systems}
            pairs = bench.pools.pairs(bench.pools.make(runs, queries, DEPTH))
            qrels = {}
            for qid, docid in pairs:
                qrels.setdefault(qid, {})[docid] = known[qid].get(docid, 0)
            relevant = sum(any(judged.values()) for judged in qrels.values())
            start = time.perf_counter()
            bench.teaching.start(base, queries, qrels, bench.topics)
            while bench.teaching.progress.running:
                time.sleep(0.5)
            if bench.teaching.progress.error:
                raise SystemExit(bench.teaching.progress.error)
            run = read_run(bench.teaching.all()[-1].folder / "run.txt")
            measured = evaluate(run, bench.qrels, [MEASURE])[MEASURE]
            points.append(
                {
                    "topics": count,
                    "with a relevant document": relevant,
                    "judgements": len(pairs),
                    "minutes": len(pairs) * SECONDS / 60,
                    MEASURE: measured,
                    "seconds of teaching": round(time.perf_counter() - start, 1),
                }
            )
            print(name, points[-1], flush=True)
            write_json(arguments.output / "assessor.json", curves)
    draw(curves, arguments.output / "assessor.png")


def draw(curves: dict, file: Path) -> None:
    """Draw the measure against the minutes."""
    figure = Figure(figsize=(6, 3.4), layout="constrained")
    axes = figure.subplots()
    for name, points in curves.items():
        axes.plot(
            [p["minutes"] for p in points], [p[MEASURE] for p in points], marker="o", label=f"pool of {name}"
        )
    axes.set_xlabel(f"minutes of judging, at {SECONDS} s a judgement")
    axes.set_ylabel(f"test {MEASURE}")
    axes.grid(alpha=0.3)
    axes.legend()
    figure.savefig(file, dpi=110)


if __name__ == "__main__":
    main()
