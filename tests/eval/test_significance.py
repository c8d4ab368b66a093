import random

import pytest
from scipy.stats import permutation_test, ttest_rel

from pyserini_ltre.errors import InputError
from pyserini_ltre.eval import confidence_interval, holm, paired_t_test, randomisation_tests


def test_difference_wins_and_p_value():
    baseline = {"1": 0.1, "2": 0.4, "3": 0.3, "4": 0.5}
    other = {"4": 0.5, "1": 0.5, "2": 0.6, "3": 0.2}
    result = paired_t_test(baseline, other)
    assert (result.wins, result.ties, result.losses, result.queries) == (2, 1, 1, 4)
    assert result.mean_difference == pytest.approx(0.125)
    # t = 0.125 / (0.2217 / 2) = 1.1275 with 3 degrees of freedom
    assert result.p_value == pytest.approx(0.3416, abs=1e-4)


def test_equal_systems_differ_by_chance():
    values = {"1": 0.1, "2": 0.2 + 0.1}
    result = paired_t_test(values, {"1": 0.1, "2": 0.3})
    assert (result.p_value, result.ties) == (1.0, 2)


def test_different_queries_or_too_few_are_refused():
    with pytest.raises(InputError, match="2 queries are in one of the two"):
        paired_t_test({"1": 0.1, "2": 0.2}, {"1": 0.1, "3": 0.2})
    with pytest.raises(InputError, match="two queries or more"):
        paired_t_test({"1": 0.1}, {"1": 0.2})


def test_the_same_difference_everywhere_is_no_chance():
    result = paired_t_test({"1": 0.1, "2": 0.2}, {"1": 0.2, "2": 0.3})
    assert result.p_value == 0.0


def systems(queries, seed=1):
    draw = random.Random(seed)
    baseline = {str(qid): draw.random() for qid in range(queries)}
    return baseline, {qid: value + draw.gauss(0.05, 0.2) for qid, value in baseline.items()}


def test_t_test_is_that_of_scipy():
    baseline, other = systems(50)
    expected = ttest_rel(list(other.values()), list(baseline.values())).pvalue
    assert paired_t_test(baseline, other).p_value == pytest.approx(expected)


def test_randomisation_is_exact_for_few_queries():
    # All three differences point the same way: of the 8 sign flips, 2 reach the observed sum.
    baseline, other = {"1": 0.1, "2": 0.2, "3": 0.3}, {"3": 0.4, "2": 0.4, "1": 0.4}
    assert randomisation_tests([(baseline, other), (baseline, baseline)]) == [2 / 8, 1.0]


def test_randomisation_is_that_of_scipy():
    pair = systems(60, seed=3)
    differences = [pair[1][qid] - value for qid, value in pair[0].items()]
    expected = permutation_test(
        (differences,),
        lambda sample, axis: sample.mean(axis),
        permutation_type="samples",
        vectorized=True,
        rng=0,
    ).pvalue
    (p_value,) = randomisation_tests([pair])
    assert 0.001 < expected < 0.5
    assert p_value == pytest.approx(expected, abs=0.02)


def test_the_seed_fixes_the_draw_and_pairs_do_not_disturb_each_other():
    one, another = systems(60), systems(60, seed=2)
    alone = randomisation_tests([one], seed=7)
    assert randomisation_tests([one, another], seed=7)[0] == alone[0] != randomisation_tests([one], seed=8)[0]
    assert randomisation_tests([]) == []


def test_p_values_never_are_zero():
    baseline = {str(qid): 0.0 for qid in range(100)}
    assert randomisation_tests([(baseline, dict.fromkeys(baseline, 1.0))]) == [pytest.approx(1 / 10_001)]


def test_holm_steps_down():
    # 3 x 0.01, 2 x 0.02, and 0.03 raised to what stands before it.
    assert holm([0.03, 0.01, 0.02]) == pytest.approx([0.04, 0.03, 0.04])
    assert holm([0.6, 0.5]) == [1.0, 1.0]
    assert holm([0.2]) == [0.2]
    assert holm([]) == []


def test_confidence_interval_of_a_mean():
    # Standard error 1 / sqrt(3); t with 2 degrees of freedom is 4.3027.
    assert confidence_interval([1.0, 2.0, 3.0]) == pytest.approx((2 - 2.4841, 2 + 2.4841), abs=1e-4)
    assert confidence_interval([0.5]) == (0.5, 0.5)
