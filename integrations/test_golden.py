"""Parity with the published reference implementations, on the numbers that they gave (``../shared/golden``)."""

import json
from pathlib import Path

import pytest
import torch

from pyserini_ltre.encode import star_tokenizer
from pyserini_ltre.train.losses import adore_loss, star_loss

GOLDEN = Path(__file__).parents[2] / "shared" / "golden"


def entries(name):
    file = GOLDEN / name
    if not file.is_file():
        return [pytest.param(None, marks=pytest.mark.skip(reason=f"{file} is not on this machine"))]
    return [pytest.param(entry, id=str(number)) for number, entry in enumerate(json.loads(file.read_text()))]


@pytest.mark.parametrize("entry", entries("adore_loss.json"))
def test_adore_loss_and_gradient(entry):
    documents = torch.tensor(entry["doc_embeddings"])
    queries = torch.tensor(entry["query_embeddings"], requires_grad=True)
    judged = list(zip(entry["retrieved"], entry["relevant"], strict=True))
    # The reference appends the relevant documents only where it retrieved none of them.
    rows = [found + ([] if set(found) & set(positives) else positives) for found, positives in judged]
    width = max(map(len, rows))
    valid = torch.tensor([[column < len(row) for column in range(width)] for row in rows])
    relevant = torch.tensor(
        [
            [column < len(row) and row[column] in positives for column in range(width)]
            for row, (_, positives) in zip(rows, judged, strict=True)
        ]
    )
    padded = torch.tensor([row + [0] * (width - len(row)) for row in rows])
    scores = torch.einsum("bd,bmd->bm", queries, documents[padded])
    loss = adore_loss(scores, relevant, valid, metric_cut=entry["metric_cut"])
    loss.backward()
    expected = torch.tensor(entry["query_grad"])
    assert loss.item() == pytest.approx(entry["loss"], rel=1e-4)
    torch.testing.assert_close(queries.grad, expected, rtol=1e-4, atol=1e-4 * expected.abs().max().item())


BYTE_PAIRS = GOLDEN.parent / "data" / "tokenizers" / "roberta-base"


@pytest.fixture(scope="module")
def tokenizer():
    return star_tokenizer(BYTE_PAIRS / "vocab.json", BYTE_PAIRS / "merges.txt")


@pytest.mark.parametrize("entry", entries("star_tokenizer.json"))
def test_star_tokenisation(tokenizer, entry):
    (ids,) = tokenizer([entry["text"]], truncation=True, max_length=entry["max_length"])["input_ids"]
    blank = [tokenizer.cls_token_id, tokenizer.sep_token_id]  # where the reference stopped with an error
    assert ids == (blank if entry["ids"] is None else entry["ids"])


@pytest.mark.parametrize("entry", entries("star_loss.json"))
def test_star_loss_and_gradients(entry):
    sides = ("query", "positive", "negative")
    embeddings = {
        side: torch.tensor(entry[f"{side}_embeddings"], requires_grad=True)
        for side in sides
        if entry[f"{side}_embeddings"] is not None
    }
    masks = [entry[name] and torch.tensor(entry[name]) for name in ("in_batch_mask", "negative_mask")]
    if entry["kind"] == "rand_only":
        masks[0] = torch.zeros(len(embeddings["query"]), len(embeddings["query"]))
    loss = star_loss(embeddings["query"], embeddings["positive"], embeddings.get("negative"), *masks)
    loss.backward()
    assert loss.item() == pytest.approx(entry["loss"], rel=1e-4)
    for side, value in embeddings.items():
        expected = torch.tensor(entry[f"{side}_grad"])
        torch.testing.assert_close(value.grad, expected, rtol=1e-4, atol=1e-4 * expected.abs().max().item())
