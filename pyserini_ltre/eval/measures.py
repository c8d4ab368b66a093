"""Runs and judgements -> measures, by ir-measures, with the conventions of ``trec_eval -c``."""

from array import array
from collections.abc import Iterable
from typing import TYPE_CHECKING

from pyserini_ltre.collection.records import Qrels, Run
from pyserini_ltre.errors import InputError

if TYPE_CHECKING:
    from ir_measures import Measure

DEFAULT_MEASURES = ("nDCG@10", "RR@10", "R@100", "R@1000", "AP")

PerQuery = dict[str, dict[str, float]]
"""Measure, as it was named -> query id -> value."""

# These depend on the judgements alone, so a query that has no hits has them too; ir-measures gives it 0.
_OF_JUDGEMENTS = ("NumQ", "NumRel")


def evaluate(run: Run, qrels: Qrels, measures: Iterable[str] = DEFAULT_MEASURES) -> dict[str, float]:
    """Average measures over all judged queries; a query without hits counts as 0.

    Parameters
    ----------
    run : dict of str to dict of str to float
        Query id -> document id -> score; queries that are not judged are left out.
    qrels : dict of str to dict of str to int
        Query id -> document id -> grade. For binary measures (RR, R, AP ...), a grade above 0 is relevant.
    measures : iterable of str
        Names in ir-measures' notation.

    Returns
    -------
    dict of str to float
        Measure, as it was named -> mean (of counts such as NumRet: the sum, as in ``trec_eval``).

    Raises
    ------
    InputError
        If a measure is unknown, or no query of the run is judged.
    """
    values = evaluate_per_query(run, qrels, measures)
    return {name: aggregate(name, of_queries.values()) for name, of_queries in values.items()}


def evaluate_per_query(run: Run, qrels: Qrels, measures: Iterable[str] = DEFAULT_MEASURES) -> PerQuery:
    """Compute measures query by query; parameters and errors are those of `evaluate`.

    Returns
    -------
    dict of str to dict of str to float
        Measure, as it was named -> query id -> value, for every judged query in the order of the judgements.
    """
    import ir_measures

    parsed = {name: parse_measure(name) for name in measures}
    evaluator = ir_measures.evaluator(list(parsed.values()), qrels)
    # Prepared so that every library behind ir-measures ranks it as trec_eval does.
    comparable = {qid: _ranked(hits) for qid, hits in run.items() if hits and qid in qrels}
    if not comparable:
        raise InputError("no query of the run is judged; give judgements of the same queries")
    values: dict[Measure, dict[str, float]] = {measure: {} for measure in parsed.values()}
    for metric in evaluator.iter_calc(comparable):
        values[metric.measure][metric.query_id] = float(metric.value)
    for name, measure in parsed.items():
        if measure.NAME in _OF_JUDGEMENTS and len(comparable) < len(qrels):
            stand_in = {qid: {"": 0.0} for qid in qrels if qid not in comparable}
            of_these = evaluate_per_query(stand_in, {qid: qrels[qid] for qid in stand_in}, [name])
            values[measure] |= of_these[name]
    return {name: {qid: values[measure][qid] for qid in qrels} for name, measure in parsed.items()}


def aggregate(measure: str, values: Iterable[float]) -> float:
    """Average a measure's values, or add them up if it is a count, as ``trec_eval`` does."""
    aggregator = parse_measure(measure).aggregator()
    for value in values:
        aggregator.add(value)
    return float(aggregator.result())


def is_average(measure: str) -> bool:
    """Whether a measure's values are averaged over queries, and not added up."""
    from ir_measures import MeanAgg

    return isinstance(parse_measure(measure).aggregator(), MeanAgg)


def unjudged(run: Run, qrels: Qrels, depth: int = 10) -> dict[str, int]:
    """Count the documents among each query's best hits that nobody judged.

    Returns
    -------
    dict of str to int
        Query id -> count, for every judged query in the order of the judgements.
    """
    counts = {}
    for qid, judged in qrels.items():
        hits = _ranked(run.get(qid, {}))
        best = sorted(hits.values(), reverse=True)[:depth]
        counts[qid] = sum(1 for docid, score in hits.items() if score >= best[-1] and docid not in judged)
    return counts


def cutoff(measure: str) -> int | None:
    """How many of a query's best hits a measure looks at: 10 for nDCG@10, None for all."""
    parameters = parse_measure(measure).params
    return None if parameters.get("judged_only") else parameters.get("cutoff")


def parse_measure(name: str) -> "Measure":
    """Find a measure by its name in ir-measures' notation.

    An `InputError` says if there is none, or the library that computes it is not installed.
    """
    import ir_measures

    try:
        measure = ir_measures.parse_measure(name)
        providers = [
            provider for provider in ir_measures.DefaultPipeline.providers if provider.supports(measure)
        ]
    except (ValueError, NameError, AssertionError):
        providers = []
    if not providers:
        raise InputError(
            f"measure {name!r} is unknown; name one of ir-measures', such as nDCG@10, RR@10, R@100, AP"
        )
    if not any(provider.is_available() for provider in providers):
        remedies = " or ".join(provider.install_instructions() or provider.NAME for provider in providers)
        raise InputError(f"measure {name!r} needs a library that is not installed; install it: {remedies}")
    return measure


def _ranked(hits: dict[str, float]) -> dict[str, float]:
    """Score hits in the order of ``trec_eval``, without ties.

    That is: by the score in single precision, then by document id, the last in the alphabet first.
    """
    scores = array("f", hits.values()).tolist()
    if len(set(scores)) == len(scores):
        return dict(zip(hits, scores, strict=True))
    worst_first = sorted(zip(scores, hits, strict=True))
    return {docid: float(place) for place, (_, docid) in enumerate(worst_first)}
