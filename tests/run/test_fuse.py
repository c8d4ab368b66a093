import random

import pytest

from pyserini_ltre.errors import InputError
from pyserini_ltre.eval import evaluate
from pyserini_ltre.run import interpolate, tune_alpha

DENSE = {"q": {"a": 0.9, "b": 0.5, "c": 0.3}}
SPARSE = {"q": {"c": 12.0, "d": 8.0}}


def random_run(
    seed: int, queries: int, hits: int, documents: int, scale: float
) -> dict[str, dict[str, float]]:
    chance = random.Random(seed)
    return {
        f"q{number}": {f"d{n}": scale * chance.random() for n in chance.sample(range(documents), hits)}
        for number in range(queries)
    }


def test_a_document_missing_from_one_side_gets_its_lowest_score():
    fused = interpolate(DENSE, SPARSE, alpha=0.1)
    assert list(fused["q"]) == ["a", "c", "b", "d"]
    assert fused["q"] == pytest.approx({"a": 0.9 + 0.8, "b": 0.5 + 0.8, "c": 0.3 + 1.2, "d": 0.3 + 0.8})


def test_normalised_scores_lie_between_minus_and_plus_a_half():
    fused = interpolate(DENSE, SPARSE, alpha=0.5, normalise=True)
    assert fused["q"] == pytest.approx({"a": 0.25, "b": -1 / 6 - 0.25, "c": -0.25, "d": -0.75})
    assert interpolate({"q": {"a": 3.0}}, {"q": {"a": 5.0}}, 1.0, normalise=True) == {"q": {"a": 0.0}}


def test_a_query_in_one_run_only_is_kept():
    assert interpolate({"q": {"a": 0.5}}, {"r": {"b": 4.0}}, alpha=0.5) == {"q": {"a": 0.5}, "r": {"b": 2.0}}


def test_ties_go_by_document_and_input_order_does_not_matter():
    first = {"q": {"c": 1.0, "a": 1.0, "b": 1.0, "d": 0.5}}
    second = {"q": {"d": 2.0, "c": 2.0, "b": 2.0, "a": 2.0}}
    for side in (first, {"q": dict(reversed(first["q"].items()))}):
        assert list(interpolate(side, second, alpha=0.3, hits=2)["q"]) == ["a", "b"]


def test_tuning_finds_the_weight_that_evaluation_confirms():
    dense, sparse = random_run(1, 20, 60, 100, 1.0), random_run(2, 20, 60, 100, 15.0)
    chance = random.Random(3)
    qrels = {qid: {docid: 1 for docid in chance.sample(sorted(hits), 5)} for qid, hits in sparse.items()}
    qrels["unanswered"] = {"d1": 1}
    alphas = [0.0, 0.05, 0.1, 0.5, 2.0]
    for measure in ("nDCG@10", "RR@10", "R@20", "AP"):
        best, values = tune_alpha(dense, sparse, qrels, alphas, measure)
        expected = {
            alpha: evaluate(interpolate(dense, sparse, alpha), qrels, [measure])[measure] for alpha in alphas
        }
        assert values == pytest.approx(expected, abs=1e-12)
        assert values[best] == max(values.values())


def test_equally_good_weights_give_the_first():
    qrels = {"q": {"a": 1}}
    assert tune_alpha(DENSE, SPARSE, qrels, [0.02, 0.01], "RR@10") == (0.02, {0.02: 1.0, 0.01: 1.0})


def test_unjudged_runs_and_unknown_measures_are_refused():
    with pytest.raises(InputError, match="no query of the run is judged"):
        tune_alpha(DENSE, SPARSE, {"other": {"a": 1}}, [0.1], "nDCG@10")
    with pytest.raises(InputError, match="measure 'best' is unknown"):
        tune_alpha(DENSE, SPARSE, {"q": {"a": 1}}, [0.1], "best")
