"""STAR's loss equals a loop over the pairs that count; its gradient is the same with and without caching."""

import pytest
import torch

from pyserini_ltre.train.losses import star_loss


def by_loops(queries, positives, negatives, in_batch, hard):
    losses = []
    for i, query in enumerate(queries):
        own = query @ positives[i]
        for j, other in enumerate(positives):
            if in_batch[i, j]:
                losses.append(torch.log1p(torch.exp(query @ other - own)))
        for j, other in enumerate(negatives):
            if hard[i, j]:
                losses.append(torch.log1p(torch.exp(query @ other - own)))
    return sum(losses) / len(losses)


@pytest.fixture
def batch():
    torch.manual_seed(3)
    return [torch.randn(*shape, requires_grad=True) for shape in ((4, 6), (4, 6), (4, 2, 6))]


def test_equals_a_loop_over_the_pairs_that_count(batch):
    queries, positives, negatives = batch
    in_batch = torch.tensor([[0, 1, 1, 0], [1, 0, 1, 1], [0, 1, 0, 1], [1, 1, 1, 0.0]])
    hard = torch.ones(4, 8)
    hard[1, 5] = hard[3, 0] = 0
    losses = [
        star_loss(queries, positives, negatives, in_batch, hard),
        by_loops(queries, positives, negatives.flatten(0, 1), in_batch, hard),
    ]
    torch.testing.assert_close(*losses)
    gradients = [torch.autograd.grad(loss, batch) for loss in losses]
    for got, expected in zip(*gradients, strict=True):
        torch.testing.assert_close(got, expected)


def test_without_masks_all_other_documents_count(batch):
    queries, positives, negatives = batch
    everything = by_loops(queries, positives, negatives.flatten(0, 1), 1 - torch.eye(4), torch.ones(4, 8))
    torch.testing.assert_close(star_loss(queries, positives, negatives), everything)
    in_batch = by_loops(queries, positives, negatives[:0], 1 - torch.eye(4), torch.ones(4, 0))
    torch.testing.assert_close(star_loss(queries, positives), in_batch)


def test_a_mask_of_zeros_leaves_the_negatives_alone(batch):
    queries, positives, negatives = batch
    alone = by_loops(queries, positives, negatives.flatten(0, 1), torch.zeros(4, 4), torch.ones(4, 8))
    torch.testing.assert_close(star_loss(queries, positives, negatives, torch.zeros(4, 4)), alone)


def test_a_batch_without_a_pair_is_zero_and_has_a_gradient(batch):
    queries, positives, _ = batch
    loss = star_loss(queries[:1], positives[:1])
    assert loss.item() == 0.0
    assert torch.autograd.grad(loss, queries)[0].abs().sum() == 0
