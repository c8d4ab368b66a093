"""Back ends of the forward pass, ours and those of sentence-transformers: documents a second, milliseconds a query.

    python benchmarks/backends.py [--quick] [--encoder DIR] [--sentence-transformers PYTHON]

The same functions of python-stdlib, cut at 256 tokens, and the same queries one at a time on one thread. The back ends
of sentence-transformers need another transformers than ours: name the Python of an environment that has them (pip
install "sentence-transformers[onnx,openvino]"), it runs as a process of its own. What a plain product of matrices
gives on this processor is measured beside, with the share of it that each way computes.
"""

import argparse
import json
import subprocess
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

import numpy as np
import torch
from inputs import DOCUMENT_TOKENS, add_encoder_option, encoder_path
from measure import Benchmark, Comparison, common_options

from pyserini_ltre.collection import PythonStdlib
from pyserini_ltre.encode.backends import ForwardPass, choose
from pyserini_ltre.encode.backends.forward import computes_bf16
from pyserini_ltre.encode.batching import encode_stream
from pyserini_ltre.encode.equal_lengths import one_thread
from pyserini_ltre.encode.model import BiEncoder
from pyserini_ltre.encode.settings import document_text
from pyserini_ltre.files import atomic_file

DOCUMENTS, QUICK_DOCUMENTS = 400, 48
QUERIES = 200
BATCH = 16  # as pyserini_ltre.encode has it
TORCH = "ours, torch, fp32"
LIMIT = "GFLOP a second of a plain product, "
OTHER_PYTHON = Path(__file__).with_name("sentence_backends.py")
# A product as large as those in a batch of documents, and the times that it is repeated.
PRODUCT, TIMES = (2048, 384, 1536), 100


def main() -> None:
    """Measure documents, queries, and how far the embeddings are from torch's."""
    parser = common_options(argparse.ArgumentParser(description=__doc__.splitlines()[0]))
    add_encoder_option(parser)
    parser.add_argument("--sentence-transformers", help="Python of an environment with its back ends")
    arguments = parser.parse_args()
    benchmark = Benchmark("backends", arguments)
    encoder = BiEncoder.load(encoder_path(arguments.encoder))
    encoder.update_settings(document_max_length=DOCUMENT_TOKENS)
    count = QUICK_DOCUMENTS if benchmark.quick else DOCUMENTS
    every = [document_text(document.title, document.text) for document in PythonStdlib().documents()]
    rng = np.random.default_rng(1)
    documents = [every[row] for row in rng.choice(len(every), count, replace=False)]
    queries = list(PythonStdlib().queries("test").values())[: QUERIES // (4 if benchmark.quick else 1)]
    halves = ["bf16"] if computes_bf16(encoder.device) else []
    pairs = [("torch", "fp32"), *(("torch", half) for half in halves)]
    pairs += [
        ("openvino", "fp32"),
        *(("openvino", half) for half in halves),
        ("onnx", "fp32"),
        ("onnx", "int8"),
    ]
    ways: dict[str, Callable[[], object]] = {}
    of_one: dict[str, Callable[[], object]] = {}
    embedded = {}
    for backend, precision in pairs:
        name = f"ours, {backend}, {precision}"
        forward = choose(encoder, backend, precision)

        def all_documents(forward: ForwardPass = forward) -> np.ndarray:
            return np.concatenate(list(encode_stream(encoder, documents, "document", BATCH, backend=forward)))

        with one_thread():
            single = choose(encoder, backend, precision)

        def one_by_one(single: ForwardPass = single) -> None:
            with one_thread():
                for query in queries:
                    single(encoder.pad(encoder.tokenize([query], "query")))

        ways[name], of_one[name] = all_documents, one_by_one
        embedded[name] = all_documents()
    cosines = {name: round(float((v * embedded[TORCH]).sum(1).min()), 6) for name, v in embedded.items()}
    with tempfile.TemporaryDirectory() as folder:
        others = []
        if arguments.sentence_transformers:
            given = Path(folder) / "texts.json"
            given.write_text(json.dumps({"documents": documents, "queries": queries}))
            for backend in ("torch", "onnx", "openvino"):
                others.append(Other(arguments.sentence_transformers, encoder.name, backend, given))
                ways[f"sentence-transformers, {backend}"] = others[-1].documents
                of_one[f"sentence-transformers, {backend}"] = others[-1].queries
        rounds = 1 if benchmark.quick else 5
        tokens = sum(map(len, encoder.tokenize(documents, "document")))
        notes = {f"least cosine to {TORCH}": cosines, "GFLOP": round(operations(encoder, tokens) / 1e9, 1)}
        notes[f"{LIMIT}fp32"] = round(product_speed(torch.float32), 1)
        for half in halves:
            notes[f"{LIMIT}{half}"] = round(product_speed(torch.bfloat16), 1)
        work = f"{count} functions of python-stdlib, {tokens} tokens"
        benchmark.compare(work, ways, TORCH, rounds, amount=count, unit="documents", notes=notes)
        work = f"{len(queries)} queries one at a time, one thread"
        benchmark.compare(work, of_one, TORCH, rounds, amount=len(queries), unit="queries")
        for other in others:
            other.close()
    benchmark.finish(picture=False)
    documents_done, queries_done = benchmark.comparisons
    draw(documents_done, queries_done, benchmark.output / f"{benchmark.name}.png")


class Other:
    """A process of another Python, which encodes when it is told to."""

    def __init__(self, python: str, model: str, backend: str, texts: Path) -> None:
        command = [python, str(OTHER_PYTHON), model, backend, str(texts), str(torch.get_num_threads())]
        self._process = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
        self._wait()

    def documents(self) -> None:
        """Encode all documents."""
        self._tell("documents")

    def queries(self) -> None:
        """Encode the queries one at a time, on one thread."""
        self._tell("queries")

    def close(self) -> None:
        """Let the process end."""
        assert self._process.stdin is not None
        self._process.stdin.close()
        self._process.wait()

    def _tell(self, word: str) -> None:
        assert self._process.stdin is not None
        self._process.stdin.write(f"{word}\n")
        self._process.stdin.flush()
        self._wait()

    def _wait(self) -> None:
        assert self._process.stdout is not None
        while (line := self._process.stdout.readline()).strip() != "done":
            if not line:
                raise SystemExit("the process with sentence-transformers has ended")


def draw(documents: Comparison, queries: Comparison, path: Path) -> None:
    """Documents a second beside what the processor's products allow, and milliseconds a query."""
    import matplotlib

    matplotlib.use("Agg")
    from matplotlib import pyplot

    figure, (left, right) = pyplot.subplots(
        1, 2, figsize=(10, 0.8 + 0.4 * len(documents.seconds)), sharey=True
    )
    names = list(documents.seconds)[::-1]
    colours = ["C0" if name.startswith("ours") else "C7" for name in names]
    rates = [float(documents.amount or 0) / documents.median(name) for name in names]
    times = [1000 * queries.median(name) / float(queries.amount or 1) for name in names]
    for axes, values, kind in ((left, rates, "{:.0f}"), (right, times, "{:.1f}")):
        axes.bar_label(
            axes.barh(names, values, color=colours), [f" {kind.format(value)}" for value in values]
        )
        axes.spines[["top", "right"]].set_visible(False)
        axes.margins(x=0.15)
    for note, speed in documents.notes.items():
        if note.startswith(LIMIT):
            limit = float(str(speed)) / float(str(documents.notes["GFLOP"])) * float(documents.amount or 0)
            left.axvline(limit, color="C3", ls="--")
            left.text(limit, len(names) - 0.4, note.removeprefix(LIMIT), color="C3", ha="center", fontsize=8)
    left.set_xlabel("documents a second, two cores\n(dashed: what a plain product of matrices allows)")
    right.set_xlabel("milliseconds a query, one thread")
    figure.tight_layout()
    with atomic_file(path, "wb") as file:
        figure.savefig(file, dpi=120)


def operations(encoder: BiEncoder, tokens: int) -> float:
    """Floating-point operations of a forward pass over so many tokens: the products with weights, not attention."""
    weights = sum(
        parameter.numel()
        for name, parameter in encoder.backbone.named_parameters()
        if parameter.ndim == 2 and "embedding" not in name and "pooler" not in name
    )
    return 2.0 * weights * tokens


def product_speed(kind: torch.dtype) -> float:
    """GFLOP a second of a plain product of matrices, the best of some."""
    rows, inner, columns = PRODUCT
    left, right = torch.randn(rows, inner, dtype=kind), torch.randn(inner, columns, dtype=kind)
    best = float("inf")
    for _ in range(TIMES):
        start = time.perf_counter()
        left @ right
        best = min(best, time.perf_counter() - start)
    return 2.0 * rows * inner * columns / best / 1e9


if __name__ == "__main__":
    main()
