"""What the benchmarks work on: generated vectors, and the queries and functions of python-stdlib."""

import argparse
from pathlib import Path

import faiss
import numpy as np
import torch
from torch.nn.functional import normalize
from torch.utils.data import DataLoader, RandomSampler

from pyserini_ltre.collection import PythonStdlib
from pyserini_ltre.collection.judged import judged_queries
from pyserini_ltre.encode.batching import encode_texts
from pyserini_ltre.encode.model import BiEncoder
from pyserini_ltre.encode.settings import document_text
from pyserini_ltre.index.faiss import flat_vectors
from pyserini_ltre.index.writing import write_index_directory
from pyserini_ltre.train.data.queries import TrainingQueries
from pyserini_ltre.train.trainable import WholeEncoder
from pyserini_ltre.workflow.commands import packaged_encoder

# Vectors generated at a time.
CHUNK = 50_000
BATCH = 32
DOCUMENT_TOKENS = 256


def add_encoder_option(parser: argparse.ArgumentParser) -> None:
    """Add ``--encoder``; see `encoder_path`."""
    parser.add_argument("--encoder", help="model directory (default: the one that the extra `demo` installs)")


def encoder_path(given: str | None) -> str:
    """The encoder asked for, or the packaged all-MiniLM-L6-v2."""
    return given or str(packaged_encoder())


def random_vectors(count: int, dimension: int, seed: int) -> torch.Tensor:
    """Vectors (count, dimension) of length 1, in directions drawn evenly."""
    generator = torch.Generator().manual_seed(seed)
    return normalize(torch.randn(count, dimension, generator=generator), dim=1)


def generated_index(documents: int, dimension: int) -> "faiss.IndexFlatIP":
    """A FAISS index of random vectors, drawn a chunk at a time."""
    index = faiss.IndexFlatIP(dimension)
    for start in range(0, documents, CHUNK):
        index.add(random_vectors(min(CHUNK, documents - start), dimension, seed=start).numpy())
    return index


def shared_vectors(index: "faiss.IndexFlatIP") -> torch.Tensor:
    """The vectors (N, d) of a flat index, in its own memory: keep the index."""
    return torch.from_numpy(flat_vectors(index))


def training_batches(
    encoder: BiEncoder, index: "faiss.IndexFlatIP", batches: int
) -> tuple[list[dict], list[dict]]:
    """Batches of real training queries, each with a relevant document among generated ones.

    The document vectors in the first rows of `index` are replaced by noisy copies of the queries' embeddings, so
    that searches find them near the top, though not always first.

    Returns
    -------
    grouped, shuffled : list of dict
        The same queries twice: in batches of similar length, as our trainer draws them, and in random order.
    """
    collection = PythonStdlib()
    chosen = list(collection.queries("train").items())[: batches * BATCH]
    texts = dict(chosen)
    frozen = torch.from_numpy(encode_texts(encoder, list(texts.values()), "query", precision="auto"))
    noise = random_vectors(len(frozen), encoder.dimension, seed=1)
    shared_vectors(index)[: len(frozen)] = normalize(frozen + 3 * noise, dim=1)
    rows = {str(row): row for row in range(len(frozen))}
    qrels = {qid: {str(row): 1} for row, qid in enumerate(texts)}
    data = TrainingQueries(
        WholeEncoder(encoder), judged_queries(texts, qrels, rows, "generated judgements"), rows, frozen
    )
    samplers = data.sampler(BATCH, seed=42), RandomSampler(data, generator=torch.Generator().manual_seed(42))
    grouped, shuffled = (
        list(DataLoader(data, batch_size=BATCH, sampler=sampler, collate_fn=data.collate))
        for sampler in samplers
    )
    return grouped, shuffled


def stdlib_index(
    folder: Path, encoder_name: str, collection: PythonStdlib, tokens: int = DOCUMENT_TOKENS
) -> Path:
    """Index directory of the collection, documents cut at `tokens`; encoded unless it is there already."""
    if not folder.exists():
        documents = list(collection.documents())
        encoder = BiEncoder.load(encoder_name)
        encoder.update_settings(document_max_length=tokens)
        texts = [document_text(document.title, document.text) for document in documents]
        index = faiss.IndexFlatIP(encoder.dimension)
        index.add(np.ascontiguousarray(encode_texts(encoder, texts, "document", precision="auto")))
        record = {
            "name": encoder.name,
            "pooling": encoder.settings.pooling,
            "normalise": encoder.normalises,
            "prefix": encoder.settings.document_prefix,
            "max_length": tokens,
        }
        write_index_directory(folder, index, [document.docid for document in documents], record)
    return folder
