"""Whether a difference between two systems is more than chance."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from pyserini_ltre.errors import InputError

if TYPE_CHECKING:
    import numpy as np

RESAMPLES = 10_000
"""How many random sign flips the randomisation test draws."""

# Two values of the same measure that differ by less come from rounding.
_EQUAL = 1e-9
_FLIPS_AT_ONCE = 1_000_000


@dataclass(frozen=True)
class PairedComparison:
    """One system compared with a baseline, query by query.

    Parameters
    ----------
    mean_difference : float
        Mean of other - baseline.
    p_value : float
        Of the two-sided paired t-test; 1 if no query differs.
    wins, ties, losses : int
        Queries on which the other system is better than, equal to, worse than the baseline.
    queries : int
        How many queries there are.
    """

    mean_difference: float
    p_value: float
    wins: int
    ties: int
    losses: int
    queries: int


def paired_t_test(baseline: dict[str, float], other: dict[str, float]) -> PairedComparison:
    """Compare two systems by a two-sided paired t-test over queries.

    Parameters
    ----------
    baseline, other : dict of str to float
        Query id -> value of one measure (from `evaluate_per_query`).

    Returns
    -------
    PairedComparison
        Difference, p-value, and how many queries got better and worse.

    Raises
    ------
    InputError
        If the two do not cover the same queries, or there are fewer than two.
    """
    differences = _differences(baseline, other)
    wins = sum(difference > _EQUAL for difference in differences)
    losses = sum(difference < -_EQUAL for difference in differences)
    mean = sum(differences) / len(differences)
    if not wins and not losses:
        p_value = 1.0
    elif max(differences) - min(differences) < _EQUAL:
        p_value = 0.0  # every query differs by the same amount
    else:
        from scipy.stats import ttest_1samp

        p_value = float(ttest_1samp(differences, 0.0).pvalue)
    ties = len(differences) - wins - losses
    return PairedComparison(mean, p_value, wins, ties, losses, queries=len(differences))


def randomisation_tests(
    pairs: Sequence[tuple[Mapping[str, float], Mapping[str, float]]], seed: int = 0
) -> list[float]:
    """Compare pairs of systems by two-sided paired randomisation (permutation) tests over queries.

    Under the null hypothesis, a query's two values might as well be swapped. The p-value is the share of the
    swaps, drawn at random, for which the mean difference is at least as large as the one observed, which
    counts as one of them; with so few queries that all swaps can be tried, all are, and it is exact.

    Parameters
    ----------
    pairs : sequence of (dict of str to float, dict of str to float)
        Query id -> value of one measure, of the baseline and of the other system; all pairs over the same
        queries, so that one draw serves them all.
    seed : int
        Of the draw: the same seed gives the same p-values.

    Returns
    -------
    list of float
        The p-value of each pair.

    Raises
    ------
    InputError
        If a pair does not cover the same queries, or there are fewer than two.
    """
    import numpy as np

    if not pairs:
        return []
    differences = np.array([_differences(*pair) for pair in pairs]).T
    queries = len(differences)
    observed = np.abs(differences.sum(axis=0))
    as_large = np.zeros(len(pairs), dtype=int)
    drawn = 0
    for swapped in _swaps(queries, seed):
        # Swapping a query's values turns the sign of its difference.
        sums = differences.sum(axis=0) - 2 * (swapped @ differences)
        as_large += (np.abs(sums) >= observed - _EQUAL).sum(axis=0)
        drawn += len(swapped)
    exact = drawn == 2**queries
    return [float(count if exact else count + 1) / (drawn if exact else drawn + 1) for count in as_large]


def holm(p_values: Sequence[float]) -> list[float]:
    """Correct the p-values of several comparisons by Holm's step-down method.

    Parameters
    ----------
    p_values : sequence of float
        One for each comparison of the family.

    Returns
    -------
    list of float
        Corrected p-values, in the same order: reject those below the level that the whole family is to have.
    """
    corrected = [1.0] * len(p_values)
    largest = 0.0
    for place, which in enumerate(sorted(range(len(p_values)), key=lambda place: p_values[place])):
        largest = max(largest, min(1.0, (len(p_values) - place) * p_values[which]))
        corrected[which] = largest
    return corrected


def confidence_interval(values: Sequence[float]) -> tuple[float, float]:
    """Bound the mean over queries, at 95 %, by Student's t; both bounds are the mean if there are fewer than two."""
    mean = sum(values) / len(values)
    if len(values) < 2:
        return mean, mean
    from scipy.stats import sem, t

    reach = float(t.ppf(0.975, len(values) - 1) * sem(values))
    return mean - reach, mean + reach


def _differences(baseline: Mapping[str, float], other: Mapping[str, float]) -> list[float]:
    if baseline.keys() != other.keys():
        differing = len(baseline.keys() ^ other.keys())
        raise InputError(
            f"{differing} queries are in one of the two results only; compare results of the same queries"
        )
    if len(baseline) < 2:
        raise InputError("a paired test needs two queries or more; give judgements of more queries")
    return [other[qid] - value for qid, value in baseline.items()]


def _swaps(queries: int, seed: int) -> Iterable["np.ndarray"]:
    """Give arrays (draws, queries) of 0 and 1, a few draws at a time to bound the memory."""
    import numpy as np

    if 2**queries <= RESAMPLES:
        yield (np.arange(2**queries)[:, None] >> np.arange(queries) & 1).astype(float)
        return
    random = np.random.default_rng(seed)
    at_once = max(1, _FLIPS_AT_ONCE // queries)
    for start in range(0, RESAMPLES, at_once):
        yield random.integers(0, 2, (min(at_once, RESAMPLES - start), queries), dtype=np.int8).astype(float)
