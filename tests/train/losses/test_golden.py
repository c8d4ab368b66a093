"""Parity with the published reference implementations, in value and gradient, on the numbers in ``tests/golden``."""

import json
from pathlib import Path

import pytest
import torch

from pyserini_ltre.train.losses import adore_loss, star_loss

GOLDEN = Path(__file__).parents[2] / "golden"


def entries(name):
    found = json.loads((GOLDEN / name).read_text())
    return [pytest.param(entry, id=str(number)) for number, entry in enumerate(found)]


def assert_gradient(value, expected):
    expected = torch.tensor(expected)
    torch.testing.assert_close(value.grad, expected, rtol=1e-4, atol=1e-4 * expected.abs().max().item())


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
    assert loss.item() == pytest.approx(entry["loss"], rel=1e-4)
    assert_gradient(queries, entry["query_grad"])


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
        assert_gradient(value, entry[f"{side}_grad"])
