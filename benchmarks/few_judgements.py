"""What few judgements give, with and without unjudged queries beside them: test nDCG@10 of the adapter.

    python benchmarks/few_judgements.py --collection python-stdlib ../shared/data/nfcorpus --output DIR
        [--index DIR ...] [--counts 10 30 100 300] [--encoder MODEL]

For each number of judged training queries (the first ones by a hash of their ids, and all), two adapters are trained
with defaults: on these alone, and together with 10,000 made queries that the frozen encoder and BM25 have answered; no
dev queries are given. 0 is `distil`. Writes few_judgements.json and few_judgements.png. About a quarter of an hour a
collection on two cores; --index takes indexes that exist, one for each collection.
"""

import argparse
import hashlib
import json
import tempfile
from pathlib import Path

from inputs import add_encoder_option, encoder_path
from machine import describe_machine

from pyserini_ltre.collection import Collection, open_collection
from pyserini_ltre.collection.judged import judged_queries
from pyserini_ltre.encode.encode_collection import encode_collection
from pyserini_ltre.encode.model import BiEncoder
from pyserini_ltre.encode.search import search
from pyserini_ltre.eval import paired_t_test
from pyserini_ltre.eval.measures import evaluate_per_query
from pyserini_ltre.eval.pictures import COLOURS, put_grid, save
from pyserini_ltre.files import atomic_file
from pyserini_ltre.index import IndexDirectory
from pyserini_ltre.queries import QueryMaking, make_queries
from pyserini_ltre.train.data import teacher
from pyserini_ltre.train.data.taught import Unjudged
from pyserini_ltre.train.distil import DistilTrainer
from pyserini_ltre.train.query_side import QuerySideTrainer

MEASURE = "nDCG@10"
COUNTS = (10, 30, 100, 300)
HITS = 100
ALONE, TOGETHER = "judged queries alone", "with unjudged queries"


def curves(
    collection: Collection, encoder: str, index: IndexDirectory, counts: list[int]
) -> dict[str, object]:
    """Test measures by number of judged queries, of the two ways to train."""
    test, qrels = collection.queries("test"), collection.qrels("test")
    test = {qid: text for qid, text in test.items() if qid in qrels}
    judged = judged_queries(collection.queries("train"), collection.qrels("train"), index.row_of, "train")
    made = make_queries(collection, QueryMaking(), test)
    run, vectors = teacher.fused_teacher(index, BiEncoder.load(encoder), made.queries, collection, 0.3)
    unjudged = Unjudged(made.queries, run, made.sources, "frozen encoder with BM25", vectors)

    def measured(model: BiEncoder) -> dict[str, float]:
        return evaluate_per_query(search(index, model, test, HITS), qrels, (MEASURE,))[MEASURE]

    frozen = measured(BiEncoder.load(encoder))
    distilled = measured(DistilTrainer(encoder, index, trainable="adapter").fit(unjudged).encoder)
    points = {ALONE: {0: frozen}, TOGETHER: {0: distilled}}
    by_hash = sorted(judged.queries, key=lambda qid: hashlib.sha256(f"few {qid}".encode()).digest())
    for count in [count for count in counts if count < len(by_hash)] + [len(by_hash)]:
        chosen = by_hash[:count]
        queries = {qid: judged.queries[qid] for qid in chosen}
        for name, more in ((ALONE, None), (TOGETHER, unjudged)):
            trainer = QuerySideTrainer(encoder, index, "adore", "adapter")
            result = trainer.fit(queries, {qid: judged.qrels[qid] for qid in chosen}, unjudged=more)
            points[name][count] = measured(result.encoder)
            mean = sum(points[name][count].values()) / len(qrels)
            print(f"{count} judged, {name}: {mean:.4f}", flush=True)
    return {
        name: [
            {
                "judged": count,
                MEASURE: sum(values.values()) / len(values),
                "p": paired_t_test(frozen, values).p_value if values is not frozen else None,
            }
            for count, values in by_count.items()
        ]
        for name, by_count in points.items()
    }


def draw(path: Path, collections: dict[str, dict]) -> None:
    """A panel a collection; the numbers of judged queries are spread evenly, whatever they are."""
    from matplotlib.figure import Figure

    figure = Figure(figsize=(5.2 * len(collections), 4.0), layout="constrained")
    panels = figure.subplots(1, len(collections), squeeze=False)[0]
    for axes, (name, lines) in zip(panels, collections.items(), strict=True):
        for colour, (label, points) in zip(COLOURS[1:], lines.items(), strict=False):
            values = [point[MEASURE] for point in points]
            axes.plot(range(len(points)), values, color=colour, marker="o", label=label)
        frozen = lines[ALONE][0][MEASURE]
        axes.axhline(frozen, color=COLOURS[0], linestyle="--", label="frozen")
        counts = [point["judged"] for point in lines[ALONE]]
        axes.set_xticks(range(len(counts)), [*map(str, counts[:-1]), f"all {counts[-1]}"])
        axes.set_xlabel("judged training queries")
        axes.set_title(name)
        put_grid(axes, "y", "top", "right")
    panels[0].set_ylabel(f"test {MEASURE}")
    panels[0].legend(frameon=False)
    save(figure, path)


def main() -> None:
    """Train, measure, and draw."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument(
        "--collection", nargs="+", required=True, help="collections with train and test queries"
    )
    parser.add_argument("--index", nargs="+", help="an index of each that exists already")
    parser.add_argument(
        "--counts", nargs="+", type=int, default=list(COUNTS), help="numbers of judged queries"
    )
    parser.add_argument("--output", type=Path, required=True, help="folder to write into")
    add_encoder_option(parser)
    arguments = parser.parse_args()
    encoder = encoder_path(arguments.encoder)
    found: dict[str, dict] = {}
    with tempfile.TemporaryDirectory() as temporary:
        for number, location in enumerate(arguments.collection):
            collection = open_collection(location)
            directory = Path(arguments.index[number]) if arguments.index else Path(temporary) / str(number)
            if not arguments.index:
                encode_collection(collection, encoder, directory)
            name = Path(location).name
            found[name] = curves(collection, encoder, IndexDirectory(directory), arguments.counts)
            arguments.output.mkdir(parents=True, exist_ok=True)
            with atomic_file(arguments.output / "few_judgements.json") as file:
                json.dump({"machine": describe_machine(), "collections": found}, file, indent=1)
            draw(arguments.output / "few_judgements.png", found)


if __name__ == "__main__":
    main()
