"""How the gain of training without judgements depends on its settings: the tables of docs/unjudged.md.

    python benchmarks/unjudged_settings.py --collection python-stdlib --output FILE.json
        [--index DIR] [--lucene DIR] [--trainable adapter] [--only NAME ...] [--encoder MODEL]

One setting at a time is another than the default. Measured are the judged training and dev queries of the collection,
which `distil` does not see; test queries are left alone. Each line is the mean nDCG@10 of the trained encoder, and of
its run with BM25 (weight 0.3), with the p value of a paired t-test against the frozen encoder. On one core, half a
minute a line for the adapter, five to fifteen for the encoder.
"""

import argparse
import json
import tempfile
import time
from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from itertools import chain, zip_longest
from pathlib import Path
from typing import get_args

import numpy as np
from inputs import add_encoder_option, encoder_path
from machine import describe_machine

from pyserini_ltre.collection import Collection, Qrels, Queries, Run, open_collection
from pyserini_ltre.encode.encode_collection import encode_collection
from pyserini_ltre.encode.model import BiEncoder
from pyserini_ltre.encode.search import search
from pyserini_ltre.eval import paired_t_test
from pyserini_ltre.eval.measures import evaluate_per_query
from pyserini_ltre.files import atomic_file
from pyserini_ltre.index import IndexDirectory
from pyserini_ltre.queries import QueryMaking, make_queries
from pyserini_ltre.queries.make import Kind
from pyserini_ltre.run.fuse import weighted_sum
from pyserini_ltre.train.data import teacher
from pyserini_ltre.train.data.taught import Unjudged
from pyserini_ltre.train.distil import DistilTrainer
from pyserini_ltre.train.loop.schedule import Schedule
from pyserini_ltre.train.losses.distillation import DistilObjective

MEASURE = "nDCG@10"
HITS = 200
HYBRID_WEIGHT = 0.3
KINDS: tuple[Kind, ...] = get_args(Kind)
A_KIND = 10_000


@dataclass(frozen=True)
class Settings:
    """What a training without judgements is told; the defaults are those of the command."""

    queries: int = 10_000
    kinds: tuple[str, ...] = KINDS
    bm25_weight: float = 0.3
    source: bool = True
    objective: DistilObjective = field(default_factory=DistilObjective)
    schedule: Schedule = field(default_factory=Schedule)


def variations() -> dict[str, Settings]:
    """The settings by name."""
    usual = Settings()
    return {
        "defaults": usual,
        **{f"{count} queries": replace(usual, queries=count) for count in (1_000, 3_000, 30_000)},
        "30000 queries, 3 epochs": replace(usual, queries=30_000, schedule=Schedule(epochs=3)),
        "3 epochs": replace(usual, schedule=Schedule(epochs=3)),
        "10 epochs": replace(usual, schedule=Schedule(epochs=10)),
        **{f"{kind} only": replace(usual, kinds=(kind,)) for kind in KINDS},
        **{f"weight {weight}": replace(usual, bm25_weight=weight) for weight in (0.0, 0.2, 0.4, 0.5)},
        "source left out": replace(usual, source=False),
        **{
            f"{name} {value:g}": replace(usual, objective=replace(usual.objective, **{name: value}))
            for name, values in {"anchor": (0.3, 3.0), "sharpness": (5.0, 20.0), "depth": (50,)}.items()
            for value in values
        },
        **{
            f"learning rate {rate:g}": replace(usual, schedule=Schedule(learning_rate=rate))
            for rate in (1e-4, 5e-3)
        },
    }


class Bench:
    """Made and judged queries of a collection, answered once by the frozen encoder and by BM25."""

    def __init__(
        self, collection: Collection, index: IndexDirectory, encoder: str, lucene: str | None
    ) -> None:
        self.index, self.encoder = index, encoder
        judged: dict[str, tuple[Queries, Qrels]] = {
            split: (collection.queries(split), collection.qrels(split)) for split in ("train", "dev")
        }
        self.qrels = {qid: grades for _, qrels in judged.values() for qid, grades in qrels.items()}
        self.judged = {
            qid: text for queries, qrels in judged.values() for qid, text in queries.items() if qid in qrels
        }
        # What is made of a collection is read from it anew each time.
        kinds = kinds_of(collection)
        made = {
            kind: make_queries(
                collection, QueryMaking(kinds=[kind], limit=A_KIND), self.judged, progress=True
            )
            for kind in kinds
        }
        self.sources = {
            f"{kind} {qid}": source for kind in made for qid, source in made[kind].sources.items()
        }
        self.made = {
            kind: {f"{kind} {qid}": text for qid, text in made[kind].queries.items()} for kind in made
        }
        queries = {qid: text for kind in self.made.values() for qid, text in kind.items()}
        self.frozen, self.bm25, self.vectors = teacher.frozen_and_bm25(
            index, BiEncoder.load(encoder), {**queries, **self.judged}, lucene or collection
        )

    def taught(self, settings: Settings) -> Unjudged:
        """Queries of the kinds in turn, and the teacher's run."""
        kinds = [list(self.made[kind]) for kind in settings.kinds if kind in self.made]
        order = [qid for qid in chain.from_iterable(zip_longest(*kinds)) if qid][: settings.queries]
        run = self.fused(order, self.frozen, settings.bm25_weight)
        if not settings.source:
            run = {
                qid: {docid: score for docid, score in hits.items() if docid not in self.sources[qid]}
                for qid, hits in run.items()
            }
        texts = {qid: self.made[qid.partition(" ")[0]][qid] for qid in order}
        sources = {qid: self.sources[qid] for qid in order}
        return Unjudged(texts, run, sources, "the frozen encoder with BM25", self.vectors)

    def fused(self, qids: list[str] | Queries, dense: Run, weight: float) -> Run:
        """A dense run and BM25's, added up."""
        runs = [{qid: run[qid] for qid in qids if qid in run} for run in (dense, self.bm25)]
        return weighted_sum(runs, [1 - weight, weight], "min-max")

    def measured(self, dense: Run) -> list[dict[str, float]]:
        """The measure of each judged query: of a run, and with BM25."""
        runs = ({qid: dense[qid] for qid in self.judged}, self.fused(self.judged, dense, HYBRID_WEIGHT))
        return [evaluate_per_query(run, self.qrels, (MEASURE,))[MEASURE] for run in runs]

    def lines(self, names: list[str], trainable: str) -> Iterator[dict[str, object]]:
        """Train with each setting, and measure."""
        frozen = self.measured(self.frozen)
        yield {"setting": "frozen", "queries": len(self.judged), **row(frozen, frozen)}
        for name in names:
            start = time.perf_counter()
            settings = variations()[name]
            unjudged = self.taught(settings)
            trainer = DistilTrainer(
                self.encoder, self.index, settings.objective, trainable, settings.schedule
            )
            result = trainer.fit(unjudged)
            found = self.measured(search(self.index, result.encoder, self.judged, HITS))
            yield {
                "setting": name,
                "queries": len(unjudged.queries),
                "steps": result.steps,
                "seconds": round(time.perf_counter() - start, 1),
                **row(found, frozen),
            }


def kinds_of(collection: Collection) -> list[str]:
    """The kinds of queries that can be made: not every collection has titles."""
    titled = any(document.title for document in collection.documents())
    return [kind for kind in KINDS if titled or kind != "title"]


def row(found: list[dict[str, float]], frozen: list[dict[str, float]]) -> dict[str, object]:
    """Means, gains and p values, dense and with BM25."""
    line: dict[str, object] = {}
    for name, values, before in zip(("dense", "hybrid"), found, frozen, strict=True):
        mean, gain = np.mean(list(values.values())), np.mean([values[qid] - before[qid] for qid in before])
        line[name] = {MEASURE: round(float(mean), 4), "gain": round(float(gain), 4)}
        if values is not before:
            line[name]["p"] = paired_t_test(before, values).p_value
    return line


def main() -> None:
    """Make, answer, train, measure; a line at a time."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--collection", required=True, help="collection with judged training queries")
    parser.add_argument("--index", type=Path, help="its index, if there is one already")
    parser.add_argument("--lucene", help="its Lucene index, if there is one already")
    parser.add_argument("--trainable", choices=("adapter", "encoder", "lora"), default="adapter")
    parser.add_argument("--only", nargs="+", choices=list(variations()), default=list(variations()))
    parser.add_argument("--output", type=Path, required=True, help="JSON file to write")
    add_encoder_option(parser)
    arguments = parser.parse_args()
    encoder, collection = encoder_path(arguments.encoder), open_collection(arguments.collection)
    with tempfile.TemporaryDirectory() as temporary:
        directory = arguments.index or Path(temporary) / "index"
        if arguments.index is None:
            encode_collection(collection, encoder, directory)
        bench = Bench(collection, IndexDirectory(directory), encoder, arguments.lucene)
        lines = []
        for line in bench.lines(arguments.only, arguments.trainable):
            lines.append(line)
            dense, hybrid = line["dense"], line["hybrid"]
            print(
                f"| {line['setting']} | {line['queries']} | {dense[MEASURE]:.4f} ({dense['gain']:+.4f}) | "
                f"{hybrid[MEASURE]:.4f} ({hybrid['gain']:+.4f}) |",
                flush=True,
            )
            with atomic_file(arguments.output) as file:
                json.dump(
                    {
                        "machine": describe_machine(),
                        "collection": Path(arguments.collection).name,
                        "trainable": arguments.trainable,
                        "measured": lines,
                    },
                    file,
                    indent=1,
                )


if __name__ == "__main__":
    main()
