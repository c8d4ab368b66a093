"""What feedback costs: one query embedded without it, with the second search, and read together with three documents.

    python benchmarks/feedback.py [--quick] [--encoder DIR]

As Pyserini's searcher has it: one query at a time on one thread. The texts are the functions of python-stdlib, in an
index of as many random vectors, so what is found, and read, is any of them.
"""

import argparse
import tempfile
from collections.abc import Callable
from functools import partial
from pathlib import Path

from inputs import add_encoder_option, encoder_path, generated_index
from measure import Benchmark, common_options

from pyserini_ltre.collection import PythonStdlib
from pyserini_ltre.encode.backends import choose
from pyserini_ltre.encode.equal_lengths import one_thread
from pyserini_ltre.encode.feedback import Feedback, FeedbackWeights
from pyserini_ltre.encode.feedback.passages import Passages
from pyserini_ltre.encode.feedback.reading import Reading
from pyserini_ltre.encode.model import BiEncoder
from pyserini_ltre.index import IndexDirectory
from pyserini_ltre.index.writing import write_index_directory

QUERIES, QUICK_QUERIES = 100, 20
ROUNDS, QUICK_ROUNDS = 5, 2
WITHOUT = "without"
WEIGHTS = {
    "a second search": FeedbackWeights(5, 0.3, 20.0),
    "3 documents read": FeedbackWeights(5, 0.1, 20.0, 3, 0.35),
}
COMPUTED = (("torch", "fp32"), ("openvino", "fp32"), ("onnx", "fp32"), ("onnx", "int8"))


def main() -> None:
    """Measure milliseconds a query."""
    parser = common_options(argparse.ArgumentParser(description=__doc__.splitlines()[0]))
    add_encoder_option(parser)
    arguments = parser.parse_args()
    benchmark = Benchmark("feedback", arguments)
    collection = PythonStdlib()
    queries = list(collection.queries("test").values())[: QUICK_QUERIES if benchmark.quick else QUERIES]
    load = partial(BiEncoder.load, encoder_path(arguments.encoder))
    docids = [document.docid for document in collection.documents()]
    with tempfile.TemporaryDirectory() as temporary:
        folder = Path(temporary) / "index"
        write_index_directory(folder, generated_index(len(docids), load().dimension), docids, None)
        directory = IndexDirectory(folder)
        passages = Passages.of_collection(collection, directory, load().tokenizer)
        for backend, precision in COMPUTED:
            ways = {WITHOUT: one_by_one(load(), backend, precision, queries)}
            for name, weights in WEIGHTS.items():
                encoder = load()
                reading = Reading.of(encoder, passages) if weights.read else None
                encoder.give_feedback(Feedback(directory, weights, reading=reading))
                ways[name] = one_by_one(encoder, backend, precision, queries)
            compared = benchmark.compare(
                f"one query embedded by {backend}, {precision}, {len(docids)} documents",
                ways,
                against=WITHOUT,
                repeats=QUICK_ROUNDS if benchmark.quick else ROUNDS,
                amount=len(queries),
                unit="queries",
            )
            compared.notes["milliseconds a query"] = {
                way: round(1000 * compared.median(way) / len(queries), 1) for way in ways
            }
            print(f"  {compared.notes}")
    benchmark.finish()


def one_by_one(encoder: BiEncoder, backend: str, precision: str, queries: list[str]) -> Callable[[], None]:
    """Embeds the queries one after the other, on one thread."""
    with one_thread():
        forward = choose(encoder, backend, precision)

    def embed() -> None:
        with one_thread():
            for query in queries:
                forward(encoder.pad(encoder.tokenize([query], "query")))

    return embed


if __name__ == "__main__":
    main()
