"""Whether a difference between two systems is more than chance."""

from dataclasses import dataclass

from pyserini_ltre.errors import InputError

# Two values of the same measure that differ by less come from rounding.
_EQUAL = 1e-9


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
    if baseline.keys() != other.keys():
        differing = len(baseline.keys() ^ other.keys())
        raise InputError(
            f"{differing} queries are in one of the two results only; compare results of the same queries"
        )
    if len(baseline) < 2:
        raise InputError("a paired test needs two queries or more; give judgements of more queries")
    from scipy.stats import ttest_1samp

    differences = [other[qid] - value for qid, value in baseline.items()]
    wins = sum(difference > _EQUAL for difference in differences)
    losses = sum(difference < -_EQUAL for difference in differences)
    return PairedComparison(
        mean_difference=sum(differences) / len(differences),
        p_value=float(ttest_1samp(differences, 0.0).pvalue) if wins or losses else 1.0,
        wins=wins,
        ties=len(differences) - wins - losses,
        losses=losses,
        queries=len(differences),
    )
