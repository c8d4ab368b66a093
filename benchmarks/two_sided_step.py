"""One step of training both encoders, batch 32, on python-stdlib: ours against sentence-transformers.

    python benchmarks/two_sided_step.py [--quick] [--encoder DIR]

Theirs is MultipleNegativesRankingLoss in fp32, texts padded to the longest of the batch. Ours is STAR's loss, with the
batch's documents alone (warm-up) and with one more document for each query (STAR), which is twice the documents.
"""

import argparse
import tempfile
from collections.abc import Callable, Iterator
from itertools import cycle
from pathlib import Path

import torch
from inputs import add_encoder_option, encoder_path
from measure import Benchmark, common_options
from sentence_transformers.sentence_transformer.losses import MultipleNegativesRankingLoss
from torch import nn
from two_sided import BATCH, LEARNING_RATE, load_model

from pyserini_ltre.collection import PythonStdlib
from pyserini_ltre.collection.judged import Judged, judged_queries
from pyserini_ltre.encode.backends.forward import resolve_precision
from pyserini_ltre.encode.model import BiEncoder
from pyserini_ltre.train.data.documents import DocumentStore
from pyserini_ltre.train.data.negatives import NegativeSampler
from pyserini_ltre.train.data.pairs import TrainingPairs
from pyserini_ltre.train.losses.pair_objective import pair_loss
from pyserini_ltre.train.trainable.both_sides import ChunkedEncoder

TOKENS, CHUNK = 256, 16
THEIRS = "sentence-transformers, fp32"


def item_batches(queries: int) -> Iterator[list[int]]:
    """Places of the queries of one batch after the other, in an order drawn once."""
    order = torch.randperm(queries, generator=torch.Generator().manual_seed(42)).tolist()
    return cycle([order[start : start + BATCH] for start in range(0, queries - BATCH, BATCH)])


def stepping(
    module: nn.Module, loss_of: Callable[[list[int]], torch.Tensor], queries: int
) -> Callable[[], None]:
    """A training step with the next batch."""
    optimiser = torch.optim.AdamW(module.parameters(), lr=LEARNING_RATE, weight_decay=0.0)
    batches = item_batches(queries)

    def step() -> None:
        loss_of(next(batches)).backward()
        optimiser.step()
        optimiser.zero_grad()

    return step


def our_step(
    name: str, judged: Judged, store: DocumentStore, star: bool, half: bool, device: str
) -> Callable[[], None]:
    """A step of warm-up or STAR. Any document does as the mined one: the time does not depend on which it is."""
    encoder = BiEncoder.load(name).to(device).train()
    encoder.update_settings(document_max_length=TOKENS)
    sampler = NegativeSampler(len(store), random_documents=star, mined=None, seed=42)
    pairs = TrainingPairs(encoder, judged, store, sampler, in_batch=True, chunk=CHUNK)
    module = ChunkedEncoder(encoder, recompute=False)

    def loss_of(items: list[int]) -> torch.Tensor:
        batch = pairs.collate([pairs[0, item] for item in items])
        with torch.autocast(device, torch.bfloat16, enabled=half):
            embeddings = module(**batch["features"])
        return pair_loss(embeddings.float(), batch, score_scale=20.0)

    return stepping(module, loss_of, len(pairs))


def their_step(name: str, judged: Judged, store: DocumentStore) -> Callable[[], None]:
    """A step of sentence-transformers on the same pairs."""
    model = load_model(name, TOKENS).train()
    loss = MultipleNegativesRankingLoss(model)
    queries = list(judged.queries.values())
    relevant = [store.row_of[next(iter(judgements))] for judgements in judged.qrels.values()]

    def loss_of(items: list[int]) -> torch.Tensor:
        texts = [queries[item] for item in items], store.texts([relevant[item] for item in items])
        return loss([model.preprocess(column) for column in texts], None)

    return stepping(model, loss_of, len(queries))


def main() -> None:
    """Make the ways of stepping, and measure them in turn."""
    parser = common_options(argparse.ArgumentParser(description=__doc__.splitlines()[0]))
    add_encoder_option(parser)
    arguments = parser.parse_args()
    benchmark = Benchmark("two_sided_step", arguments)
    name = encoder_path(arguments.encoder)
    collection = PythonStdlib(600 if benchmark.quick else None)
    halves = (
        (False, True) if resolve_precision("auto", torch.device(arguments.device)) == "bf16" else (False,)
    )
    with tempfile.TemporaryDirectory() as folder:
        store = DocumentStore(collection, "plain", Path(folder) / "documents")
        judged = judged_queries(collection.queries("train"), collection.qrels("train"), store.row_of, "train")
        ways = {THEIRS: their_step(name, judged, store)}
        for way, star in (("warm-up", False), ("STAR", True)):
            for half in halves:
                step = our_step(name, judged, store, star, half, arguments.device)
                ways[f"{way}, {'bf16' if half else 'fp32'}"] = step
        benchmark.compare(
            f"one step of both sides, batch {BATCH}, {len(store)} documents",
            ways,
            against=THEIRS,
            repeats=2 if benchmark.quick else 6,
            amount=BATCH,
            unit="queries",
        )
    benchmark.finish(picture=True)


if __name__ == "__main__":
    main()
