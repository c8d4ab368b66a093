"""Runs and judgements -> measures, by ir-measures, with the conventions of ``trec_eval -c``."""

from array import array
from collections.abc import Iterable
from typing import TYPE_CHECKING

from pyserini_ltre.collection.records import Qrels, Run
from pyserini_ltre.errors import InputError

if TYPE_CHECKING:
    from ir_measures import Evaluator, Measure

DEFAULT_MEASURES = ("nDCG@10", "RR@10", "R@100")


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
        Measure, as it was named -> mean.

    Raises
    ------
    InputError
        If a measure is unknown, or no query of the run is judged.
    """
    parsed, evaluator = _evaluator(qrels, measures)
    means = evaluator.calc_aggregate(_comparable(run, qrels))
    return {name: float(means[measure]) for name, measure in parsed.items()}


def evaluate_per_query(
    run: Run, qrels: Qrels, measures: Iterable[str] = DEFAULT_MEASURES
) -> dict[str, dict[str, float]]:
    """Compute measures query by query; parameters and errors are those of `evaluate`.

    Returns
    -------
    dict of str to dict of str to float
        Measure, as it was named -> query id -> value, for every judged query in the order of the judgements.
    """
    parsed, evaluator = _evaluator(qrels, measures)
    values: dict[Measure, dict[str, float]] = {measure: {} for measure in parsed.values()}
    for metric in evaluator.iter_calc(_comparable(run, qrels)):
        values[metric.measure][metric.query_id] = float(metric.value)
    return {name: {qid: values[measure][qid] for qid in qrels} for name, measure in parsed.items()}


def cutoff(measure: str) -> int | None:
    """How many of a query's best hits a measure looks at: 10 for nDCG@10, None for all."""
    parameters = _parse(measure).params
    return None if parameters.get("judged_only") else parameters.get("cutoff")


def _parse(name: str) -> "Measure":
    import ir_measures

    try:
        measure = ir_measures.parse_measure(name)
        supported = ir_measures.DefaultPipeline.supports(measure)
    except (ValueError, NameError, AssertionError):
        supported = False
    if not supported:
        raise InputError(
            f"measure {name!r} is unknown; name one of ir-measures', such as nDCG@10, RR@10, R@100, AP"
        )
    return measure


def _evaluator(qrels: Qrels, names: Iterable[str]) -> tuple[dict[str, "Measure"], "Evaluator"]:
    import ir_measures

    parsed = {name: _parse(name) for name in names}
    return parsed, ir_measures.evaluator(list(parsed.values()), qrels)


def _comparable(run: Run, qrels: Qrels) -> Run:
    """Prepare a run so that every library behind ir-measures ranks it as ``trec_eval`` does.

    That is: by the score in single precision, then by document id, the last in the alphabet first.
    """
    judged = {qid: hits for qid, hits in run.items() if hits and qid in qrels}
    if not judged:
        raise InputError("no query of the run is judged; give judgements of the same queries")
    for qid, hits in judged.items():
        scores = array("f", hits.values()).tolist()
        if len(set(scores)) < len(scores):
            worst_first = sorted(zip(scores, hits, strict=True))
            judged[qid] = {docid: float(place) for place, (_, docid) in enumerate(worst_first)}
        else:
            judged[qid] = dict(zip(hits, scores, strict=True))
    return judged
