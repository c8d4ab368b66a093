import math

import ir_measures
import pytest

from pyserini_ltre.errors import InputError
from pyserini_ltre.eval import DEFAULT_MEASURES, evaluate, evaluate_per_query, unjudged
from pyserini_ltre.eval.measures import cutoff

QRELS = {"1": {"a": 2, "b": 1, "z": 0}, "2": {"c": 1}, "3": {"d": 1}}
RUN = {"1": {"z": 3.0, "b": 2.0, "a": 1.0}, "2": {"x": 5.0, "c": 4.0}, "unjudged": {"a": 1.0}}


def test_means_count_queries_without_hits_as_zero():
    ndcg = (1 / math.log2(3) + 2 / math.log2(4)) / (2 + 1 / math.log2(3))
    assert list(evaluate(RUN, QRELS)) == list(DEFAULT_MEASURES)
    assert evaluate(RUN, QRELS) == pytest.approx(
        {
            "nDCG@10": (ndcg + 1 / math.log2(3)) / 3,
            "RR@10": (0.5 + 0.5) / 3,
            "R@100": 2 / 3,
            "R@1000": 2 / 3,
            "AP": ((1 / 2 + 2 / 3) / 2 + 1 / 2) / 3,
        }
    )


def test_counts_are_added_up_and_those_of_judgements_need_no_hits():
    assert evaluate(RUN, QRELS, ["NumQ", "NumRel", "NumRet"]) == {"NumQ": 3, "NumRel": 4, "NumRet": 5}
    assert evaluate_per_query(RUN, QRELS, ["NumRel"]) == {"NumRel": {"1": 2, "2": 1, "3": 1}}


def test_negative_grades_are_not_relevant():
    run = {"q": {"bad": 2.0, "good": 1.0}}
    assert evaluate(run, {"q": {"bad": -2, "good": 1}}, ["RR@10", "nDCG@10"]) == pytest.approx(
        {"RR@10": 0.5, "nDCG@10": 1 / math.log2(3)}
    )


def test_unjudged_documents_among_the_best_are_counted():
    run = {"1": {"z": 3.0, "x": 2.0, "y": 1.0}, "2": {"c": 1.0, "x": 1.0}}
    assert unjudged(run, QRELS) == {"1": 2, "2": 1, "3": 0}
    assert unjudged(run, QRELS, depth=2) == {"1": 1, "2": 1, "3": 0}
    # Of equal scores, the last in the alphabet is the better.
    assert unjudged(run, QRELS, depth=1) == {"1": 0, "2": 1, "3": 0}


def test_per_query_values_cover_exactly_the_judged_queries():
    values = evaluate_per_query(RUN, QRELS, ["RR@10", "R@1", "MRR@10"])
    assert values == {
        "RR@10": {"1": 0.5, "2": 0.5, "3": 0.0},
        "R@1": {"1": 0.0, "2": 0.0, "3": 0.0},
        "MRR@10": {"1": 0.5, "2": 0.5, "3": 0.0},
    }
    assert list(values["RR@10"]) == list(QRELS)


def test_reciprocal_rank_stops_at_its_cutoff():
    run = {"q": {f"d{rank:02}": float(-rank) for rank in range(1, 12)}}
    assert evaluate(run, {"q": {"d10": 1}}, ["RR@10"]) == {"RR@10": pytest.approx(0.1)}
    assert evaluate(run, {"q": {"d11": 1}}, ["RR@10"]) == {"RR@10": 0.0}


def test_ties_are_broken_as_trec_eval_does_in_every_measure():
    # Equal in single precision, and so ordered by document, the last in the alphabet first.
    run = {"q": {"a": 20.0000001, "b": 20.0, "c": 3.0}}
    measures = ["nDCG@1", "RR@1", "RR@10", "P@1"]
    assert evaluate(run, {"q": {"b": 1}}, measures) == dict.fromkeys(measures, 1.0)
    assert evaluate(run, {"q": {"a": 1}}, measures) == {"nDCG@1": 0.0, "RR@1": 0.0, "RR@10": 0.5, "P@1": 0.0}


def test_neither_input_is_changed():
    run = {"q": {"a": 1.0, "b": 1.0}, "other": {}}
    evaluate(run, {"q": {"a": 1}})
    assert run == {"q": {"a": 1.0, "b": 1.0}, "other": {}}


@pytest.mark.parametrize("name", ["nDGC@10", "nDCG@ten", "RR@10@5", "nDCG(depth=3)", "", "10", "P"])
def test_unknown_measures_are_refused(name):
    with pytest.raises(InputError, match="is unknown; name one of ir-measures'"):
        evaluate(RUN, QRELS, [name])


def test_measures_without_their_library_name_it(monkeypatch):
    monkeypatch.setattr(ir_measures.pytrec_eval, "_is_available", False)
    with pytest.raises(
        InputError, match="'infAP' needs a library that is not installed; install it: pip install"
    ):
        evaluate(RUN, QRELS, ["infAP"])


def test_judgements_of_other_queries_are_refused():
    with pytest.raises(InputError, match="no query of the run is judged"):
        evaluate({"x": {"a": 1.0}}, QRELS)


def test_cutoff_is_the_depth_that_counts():
    assert cutoff("nDCG@10") == 10
    assert cutoff("R@100") == 100
    assert cutoff("AP") is None
    assert cutoff("nDCG(judged_only=True)@10") is None
