"""Pooling picks the right token states wherever the padding stands."""

import pytest
import torch

from pyserini_ltre.encode.head import pool

STATES = torch.arange(24, dtype=torch.float32).reshape(2, 4, 3)
# The first text has two tokens, the second has four.
RIGHT = torch.tensor([[1, 1, 0, 0], [1, 1, 1, 1]])
LEFT = RIGHT.flip(1)


@pytest.mark.parametrize(
    ("mask", "pooling", "first"),
    [
        (RIGHT, "cls", STATES[0, 0]),
        (RIGHT, "last", STATES[0, 1]),
        (RIGHT, "mean", STATES[0, :2].mean(0)),
        (LEFT, "cls", STATES[0, 2]),
        (LEFT, "last", STATES[0, 3]),
        (LEFT, "mean", STATES[0, 2:].mean(0)),
    ],
)
def test_padding_on_either_side_is_ignored(mask, pooling, first):
    pooled = pool(STATES, mask, pooling)
    whole = {"cls": STATES[1, 0], "last": STATES[1, 3], "mean": STATES[1].mean(0)}[pooling]
    assert torch.equal(pooled, torch.stack([first, whole]))


def test_unknown_pooling_is_an_error():
    with pytest.raises(ValueError, match="max"):
        pool(STATES, RIGHT, "max")
