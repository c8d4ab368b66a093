"""Documents a second: Pyserini's own encoder, sentence-transformers, and ours in fp32 and bf16, on python-stdlib.

    python benchmarks/encoding.py [--quick] [--encoder DIR]

Each encodes the same functions, cut at 256 tokens, with its usual batches: Pyserini's as ``python -m pyserini.encode``
calls it (64 in the order of the collection), sentence-transformers' ``encode`` (32, sorted by length), ours (32,
sorted). Loading the models is not timed.
"""

import argparse
from collections.abc import Callable

import numpy as np
from inputs import DOCUMENT_TOKENS, add_encoder_option, encoder_path
from measure import Benchmark, common_options

from pyserini_ltre.collection import PythonStdlib
from pyserini_ltre.encode.batching import encode_texts
from pyserini_ltre.encode.model import BiEncoder
from pyserini_ltre.encode.settings import document_text

DOCUMENTS, QUICK_DOCUMENTS = 1_500, 64
PYSERINI_BATCH = 64
PYSERINI, SENTENCE, OURS, HALF = "pyserini.encode", "sentence-transformers", "ours, fp32", "ours, bf16"


def encoding_ways(name: str, texts: list[str], device: str = "cpu") -> dict[str, Callable[[], np.ndarray]]:
    """Ways to encode the texts: each gives (N, d) embeddings."""
    from pyserini.encode import AutoDocumentEncoder
    from sentence_transformers import SentenceTransformer

    theirs = AutoDocumentEncoder(name, device=device, pooling="mean", l2_norm=True)
    sentence = SentenceTransformer(name, device=device)
    sentence.max_seq_length = DOCUMENT_TOKENS
    ours = BiEncoder.load(name).to(device)
    ours.update_settings(document_max_length=DOCUMENT_TOKENS)

    def as_pyserini_does() -> np.ndarray:
        starts = range(0, len(texts), PYSERINI_BATCH)
        batches = (texts[start : start + PYSERINI_BATCH] for start in starts)
        return np.concatenate([theirs.encode(texts=batch, max_length=DOCUMENT_TOKENS) for batch in batches])

    return {
        PYSERINI: as_pyserini_does,
        SENTENCE: lambda: sentence.encode(texts, show_progress_bar=False),
        OURS: lambda: encode_texts(ours, texts, "document", precision="fp32"),
        HALF: lambda: encode_texts(ours, texts, "document", precision="bf16"),
    }


def least_cosine(vectors: np.ndarray, expected: np.ndarray) -> float:
    """Cosine of the document that differs most; all have length 1."""
    return round(float((vectors * expected).sum(1).min()), 6)


def main() -> None:
    """Measure and check that all give the same embeddings."""
    parser = common_options(argparse.ArgumentParser(description=__doc__.splitlines()[0]))
    add_encoder_option(parser)
    arguments = parser.parse_args()
    benchmark = Benchmark("encoding", arguments)
    collection = PythonStdlib(QUICK_DOCUMENTS if benchmark.quick else DOCUMENTS)
    texts = [document_text(document.title, document.text) for document in collection.documents()]
    ways = encoding_ways(encoder_path(arguments.encoder), texts, benchmark.device)
    embeddings = {name: encode() for name, encode in ways.items()}
    cosines = {name: least_cosine(vectors, embeddings[PYSERINI]) for name, vectors in embeddings.items()}
    for against, reach in ((PYSERINI, {OURS: 1.5}), (SENTENCE, {OURS: 1.0})):
        benchmark.compare(
            f"{len(texts)} functions of python-stdlib",
            {name: ways[name] for name in (against, OURS, HALF)},
            against=against,
            reach=reach,
            repeats=1 if benchmark.quick else 3,
            warm_up=0,
            amount=len(texts),
            unit="documents",
            notes={f"least cosine with {PYSERINI}": cosines},
        )
    benchmark.finish()


if __name__ == "__main__":
    main()
