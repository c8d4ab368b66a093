"""Training pairs: what is drawn, what is masked, and that caching the gradient changes nothing but memory."""

import pytest
import torch

from pyserini_ltre.collection.judged import Judged
from pyserini_ltre.collection.records import Document
from pyserini_ltre.encode.model import BiEncoder
from pyserini_ltre.train.data.documents import DocumentStore
from pyserini_ltre.train.data.negatives import NegativeSampler
from pyserini_ltre.train.data.pairs import TrainingPairs
from pyserini_ltre.train.losses.pair_objective import pair_loss
from pyserini_ltre.train.trainable.both_sides import ChunkedEncoder


class Documents:
    """Twelve documents of different lengths."""

    splits = ()

    def documents(self):
        for number in range(12):
            yield Document(
                f"d{number}", "", " ".join(["open", "read", "sort", "list"][: 1 + number % 4]) + f" {number}"
            )


QRELS = {"q0": {"d0": 1, "d1": 1}, "q1": {"d1": 1}, "q2": {"d2": 1, "d7": 0}, "q3": {"d3": 2}}


@pytest.fixture
def store(tmp_path):
    return DocumentStore(Documents(), "plain", tmp_path / "documents")


@pytest.fixture
def pairs(store, tiny_encoder):
    judged = Judged({qid: f"read {qid}" for qid in QRELS}, QRELS, 0, 0)
    sampler = NegativeSampler(12, random_documents=True, mined={"q0": [5, 6], "q2": [7, 1]}, seed=5)
    return TrainingPairs(BiEncoder.load(tiny_encoder), judged, store, sampler, in_batch=True, chunk=3)


def test_the_store_gives_texts_by_row_and_forgets_what_was_there(store, tmp_path):
    assert len(store) == 12
    assert store.texts([3, 0, 3]) == ["open read sort list 3", "open 0", "open read sort list 3"]
    assert store.texts([]) == []
    assert store.docids[store.row_of["d11"]] == "d11"
    assert len(DocumentStore(Documents(), "plain", tmp_path / "documents").docids) == 12


def test_the_same_epoch_draws_the_same_and_another_epoch_something_else(pairs):
    drawn = [[pairs[epoch, item] for item in range(4)] for epoch in (0, 0, 1, 2, 3)]
    assert drawn[0] == drawn[1]
    assert any(drawn[0] != other for other in drawn[2:])
    for items in drawn:
        mined = [item["negatives"][0] for item in items]
        assert mined[0] in (5, 6) and mined[2] in (7, 1)
        assert {mined[1], mined[3]} <= {5, 6, 7, 1}  # they have none of their own
        assert all(item["positive"] in item["relevant"] for item in items)


def test_judged_relevant_pairs_are_masked(pairs):
    items = [pairs[0, item] for item in range(4)]
    batch = pairs.collate(items)
    positives = [item["positive"] for item in items]
    negatives = [row for item in items for row in item["negatives"]]
    for i, item in enumerate(items):
        for mask, rows in (("in_batch_mask", positives), ("negative_mask", negatives)):
            assert batch[mask][i].tolist() == [float(row not in item["relevant"]) for row in rows]
    pairs.in_batch = False
    assert pairs.collate(items)["in_batch_mask"].sum() == 0


def test_chunks_by_length_give_each_text_its_own_embedding(pairs):
    items = [pairs[0, item] for item in range(4)]
    batch = pairs.collate(items)
    with torch.no_grad():
        embeddings = ChunkedEncoder(pairs.encoder, recompute=False)(**batch["features"])
        rows = [item["positive"] for item in items] + [row for item in items for row in item["negatives"]]
        texts = [[item["input_ids"]] for item in items]
        texts += [pairs.encoder.tokenize(pairs.documents.texts([row]), "document") for row in rows]
        alone = torch.cat([pairs.encoder(**pairs.encoder.pad(text)) for text in texts])
    torch.testing.assert_close(embeddings, alone, atol=1e-5, rtol=0)


def test_gradient_caching_gives_the_same_gradient_with_dropout(pairs):
    batch = pairs.collate([pairs[0, item] for item in range(4)])
    gradients = []
    for recompute in (False, True):
        module = ChunkedEncoder(pairs.encoder, recompute).train()
        torch.manual_seed(11)
        loss = pair_loss(module(**batch["features"]), batch, score_scale=20.0)
        module.zero_grad()
        loss.backward()
        gradients.append(
            (
                loss.item(),
                {name: p.grad.clone() for name, p in module.named_parameters() if p.grad is not None},
            )
        )
    (plain_loss, plain), (cached_loss, cached) = gradients
    assert plain_loss == cached_loss
    assert plain.keys() == cached.keys() and len(plain) > 20
    for name, gradient in plain.items():
        torch.testing.assert_close(cached[name], gradient, atol=1e-7, rtol=1e-5)


def test_gradient_caching_keeps_one_chunk_in_memory(pairs):
    """Tensors that wait for the backward pass: those of all chunks without, next to none with caching."""
    batch = pairs.collate([pairs[0, item] for item in range(4)])
    kept = []
    for recompute in (False, True):
        size = 0

        def count(tensor):
            nonlocal size
            size += tensor.numel()
            return tensor

        with torch.autograd.graph.saved_tensors_hooks(count, lambda tensor: tensor):
            pair_loss(ChunkedEncoder(pairs.encoder, recompute).train()(**batch["features"]), batch, 20.0)
        kept.append(size)
    assert kept[1] < kept[0] / 20
