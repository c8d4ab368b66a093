import pytest

from pyserini_ltre.errors import InputError
from pyserini_ltre.eval import paired_t_test


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
