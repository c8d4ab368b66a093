"""The choice among settings of feedback, and what choosing is worth on queries that had no part in it."""

import numpy as np
import pytest

from pyserini_ltre.train.feedback.choice import FOLDS, Choice

QUERIES = [f"q{number}" for number in range(200)]


def measures(top, deep):
    values = {"nDCG@10": top, "R@100": deep}
    return {
        name: dict(zip(QUERIES, np.broadcast_to(of, len(QUERIES)).tolist(), strict=True))
        for name, of in values.items()
    }


def test_the_largest_sum_that_does_not_lower_the_top():
    tried = [measures(0.49, 0.9), measures(0.52, 0.6), measures(0.5, 0.7)]
    choice = Choice(measures(0.5, 0.5), tried)
    assert choice.best() == (2, True)
    before, after = choice.crossed()
    assert set(before.values()) == {1.0}
    np.testing.assert_allclose(list(after.values()), 1.2)


def test_if_all_lower_the_top():
    choice = Choice(measures(0.5, 0.5), [measures(0.4, 0.7), measures(0.4, 0.8)])
    assert choice.best() == (1, False)


def test_what_is_chosen_by_chance_gains_nothing_where_it_was_not_chosen():
    generator = np.random.default_rng(0)
    flattering, gains = [], []
    for _ in range(20):
        noise = generator.normal(scale=0.3, size=(50, 2, len(QUERIES)))
        choice = Choice(measures(0.5, 0.5), [measures(0.5 + top, 0.5 + deep) for top, deep in noise])
        before, after = choice.crossed()
        gains.append(np.mean([after[qid] - before[qid] for qid in QUERIES]))
        flattering.append(noise[choice.best().number].sum(0).mean())
    assert np.mean(flattering) > 0.05  # the best of 50 that are all worth nothing
    assert abs(np.mean(gains)) < 0.02


def test_a_query_has_no_part_in_the_choice_that_it_sees():
    wins = np.zeros(len(QUERIES))
    wins[7] = 1000.0  # one query decides for all others
    choice = Choice(measures(0.5, 0.5), [measures(0.5 + wins, 0.5), measures(0.6, 0.5)])
    assert choice.best() == (0, True)
    before, after = choice.crossed()
    assert after["q7"] - before["q7"] == pytest.approx(0.1)
    assert sum(after[qid] - before[qid] > 0.05 for qid in QUERIES) == len(QUERIES) // FOLDS
