"""Several runs measured on the same judgements, in groups of queries, each compared with a baseline."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from pyserini_ltre.collection.records import Qrels, Run
from pyserini_ltre.eval.measures import PerQuery, aggregate, evaluate_per_query, is_average, unjudged
from pyserini_ltre.eval.significance import (
    PairedComparison,
    confidence_interval,
    holm,
    paired_t_test,
    randomisation_tests,
)

UNJUDGED_DEPTH = 10
# A paired test needs two.
_FEWEST_QUERIES = 2


@dataclass(frozen=True)
class MeasuredRun:
    """What a run is worth, query by query.

    Parameters
    ----------
    values : dict of str to dict of str to float
        Measure -> query id -> value, for every judged query.
    unjudged : dict of str to int
        Query id -> unjudged documents among the best ten.
    unanswered : frozenset of str
        Judged queries without any hit.
    """

    values: PerQuery
    unjudged: dict[str, int]
    unanswered: frozenset[str]


@dataclass(frozen=True)
class Difference:
    """A run compared with the baseline, by one measure.

    Parameters
    ----------
    paired : PairedComparison
        Difference, wins, ties, losses, and the p-value of the t-test.
    t_test_holm : float
        That p-value, corrected for the number of runs that are compared with the baseline.
    randomisation, randomisation_holm : float
        P-value of the randomisation test, as it is and corrected.
    """

    paired: PairedComparison
    t_test_holm: float
    randomisation: float
    randomisation_holm: float


@dataclass(frozen=True)
class Score:
    """One measure of one run on a group of queries.

    Parameters
    ----------
    value : float
        Mean over the queries (of counts such as NumRet: the sum).
    interval : (float, float) or None
        95 % confidence interval of the mean; None for sums.
    difference : Difference or None
        From the baseline; None for the baseline itself, without one, or with fewer than two queries.
    """

    value: float
    interval: tuple[float, float] | None
    difference: Difference | None


@dataclass(frozen=True)
class RunScores:
    """All measures of one run on a group of queries, unjudged documents in the top 10, queries without hits."""

    measures: dict[str, Score]
    unjudged: float
    unanswered: int


@dataclass(frozen=True)
class GroupScores:
    """All runs on a group of queries; no runs if it has no queries."""

    name: str
    queries: int
    runs: dict[str, RunScores]


def measure_run(run: Run, qrels: Qrels, measures: Sequence[str]) -> MeasuredRun:
    """Measure a run on all judged queries; errors are those of `evaluate`."""
    return MeasuredRun(
        evaluate_per_query(run, qrels, measures),
        unjudged(run, qrels, UNJUDGED_DEPTH),
        frozenset(qid for qid in qrels if not run.get(qid)),
    )


def compare_groups(
    runs: Mapping[str, MeasuredRun],
    groups: Mapping[str, Sequence[str]],
    baseline: str | None = None,
) -> list[GroupScores]:
    """Average runs over groups of queries, and test their differences from a baseline.

    Parameters
    ----------
    runs : mapping of str to MeasuredRun
        Name -> run; all have the same measures.
    groups : mapping of str to sequence of str
        Name -> ids of judged queries (from `query_groups`).
    baseline : str, optional
        Name of the run that the others are compared with. The correction counts, for each measure and group,
        the runs that are compared.

    Returns
    -------
    list of GroupScores
        One for each group, in their order.
    """
    scores = []
    for name, qids in groups.items():
        differences: dict[str, dict[str, Difference]] = {}
        if baseline is not None and len(qids) >= _FEWEST_QUERIES:
            differences = _differences(runs, qids, baseline)
        of_runs = {}
        if qids:
            of_runs = {run: _run_scores(runs[run], qids, differences.get(run, {})) for run in runs}
        scores.append(GroupScores(name, len(qids), of_runs))
    return scores


def _run_scores(run: MeasuredRun, qids: Sequence[str], differences: Mapping[str, Difference]) -> RunScores:
    measures = {}
    for measure, values in run.values.items():
        chosen = [values[qid] for qid in qids]
        interval = confidence_interval(chosen) if is_average(measure) else None
        measures[measure] = Score(aggregate(measure, chosen), interval, differences.get(measure))
    mean_unjudged = sum(run.unjudged[qid] for qid in qids) / len(qids)
    return RunScores(measures, mean_unjudged, len(run.unanswered.intersection(qids)))


def _differences(
    runs: Mapping[str, MeasuredRun], qids: Sequence[str], baseline: str
) -> dict[str, dict[str, Difference]]:
    """Run -> measure -> difference, for all runs but the baseline."""
    others = [name for name in runs if name != baseline]
    measures = list(runs[baseline].values)

    def values(run: str, measure: str) -> dict[str, float]:
        return {qid: runs[run].values[measure][qid] for qid in qids}

    # One draw of the randomisation test serves all measures and runs.
    pairs = [(values(baseline, measure), values(name, measure)) for measure in measures for name in others]
    paired = [paired_t_test(*pair) for pair in pairs]
    randomised = randomisation_tests(pairs)
    differences: dict[str, dict[str, Difference]] = {name: {} for name in others}
    for place, measure in enumerate(measures):
        family = slice(place * len(others), (place + 1) * len(others))
        t_tests, draws = paired[family], randomised[family]
        corrected = zip(holm([test.p_value for test in t_tests]), holm(draws), strict=True)
        for name, test, draw, (t_holm, draw_holm) in zip(others, t_tests, draws, corrected, strict=True):
            differences[name][measure] = Difference(test, t_holm, draw, draw_holm)
    return differences
