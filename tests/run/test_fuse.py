import itertools
import random

import numpy as np
import pytest

from pyserini_ltre.errors import InputError
from pyserini_ltre.eval import evaluate
from pyserini_ltre.run import interpolate, reciprocal_rank, tune_alpha, tune_weights, weighted_sum
from pyserini_ltre.run.normalise import normalised
from pyserini_ltre.run.tune import candidate_weights

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


def test_reciprocal_rank_goes_by_score_and_not_by_the_order_of_the_lines():
    first = {"q": {"b": 1.0, "a": 2.0}}
    second = {"q": {"a": 5.0, "NA": 5.0}}
    fused = reciprocal_rank([first, second], constant=60)
    assert list(fused["q"]) == ["a", "NA", "b"]
    assert fused["q"] == pytest.approx({"a": 1 / 61 + 1 / 62, "NA": 1 / 61, "b": 1 / 62})
    assert reciprocal_rank([first, second], depth=1, hits=1) == {"q": {"NA": 1 / 61}}


@pytest.mark.parametrize(
    ("how", "expected", "equal"),
    [
        ("none", [3, 1, 2], [4, 4]),
        ("min-max", [1, 0, 0.5], [1, 1]),
        ("z-score", [1.5**0.5, -(1.5**0.5), 0], [0, 0]),
    ],
)
def test_normalisation(how, expected, equal):
    assert normalised(np.array([3.0, 1.0, 2.0]), how).tolist() == pytest.approx(expected)
    assert normalised(np.array([4.0, 4.0]), how).tolist() == equal
    assert normalised(np.array([]), how).tolist() == []


def test_missing_documents_get_zero_or_the_lowest_score_of_the_run():
    runs = [{"q": {"a": 0.9, "b": 0.5}}, {"q": {"c": 3.0, "a": 2.0}}]
    assert weighted_sum(runs, [1, 1])["q"] == pytest.approx({"c": 3.0, "a": 2.9, "b": 0.5})
    assert weighted_sum(runs, [1, 1], missing="lowest")["q"] == pytest.approx({"c": 3.5, "a": 2.9, "b": 2.5})
    with_depth = weighted_sum(runs, [1, 1], depth=1)
    assert with_depth["q"] == pytest.approx({"c": 3.0, "a": 0.9})


def test_order_of_runs_hits_and_queries_does_not_matter():
    runs = [random_run(seed, 6, 30, 50, 1.0) for seed in range(4)]
    tied = {qid: {docid: round(score, 1) for docid, score in hits.items()} for qid, hits in runs[3].items()}
    runs[3] = tied
    results = set()
    for order in itertools.permutations(range(4)):
        shuffled = [
            {qid: dict(reversed(hits.items())) for qid, hits in reversed(runs[i].items())} for i in order
        ]
        weights = [(0.1, 0.2, 0.3, 0.7)[i] for i in order]
        for how in ("none", "min-max", "z-score"):
            results.add((how, repr(weighted_sum(shuffled, weights, how, "lowest", depth=20))))
        results.add(("rrf", repr(reciprocal_rank(shuffled))))
    assert len(results) == 4


def test_candidate_weights_are_even_shares_of_what_the_runs_spread():
    narrow = {"q": {"a": 0.2, "b": 0.1}, "r": {"a": 0.1, "b": 0.0}}
    wide = {"q": {"a": 20.0, "b": 0.0}}
    even = candidate_weights([narrow, wide], "min-max")
    assert len(even) == 21 and even[0] == (0.5, 0.5) and set(even[-2:]) == {(0.0, 1.0), (1.0, 0.0)}
    scaled = candidate_weights([narrow, wide])
    assert scaled[0] == pytest.approx((1 / 1.005, 0.005 / 1.005), rel=1e-3)
    assert len(candidate_weights([wide] * 3)) == 66
    assert candidate_weights([{"q": {"a": 1.0}}, wide])[0] == pytest.approx((20 / 21, 1 / 21), rel=1e-3)
    with pytest.raises(InputError, match="weights of 5 runs cannot be tuned"):
        candidate_weights([wide] * 5)


def test_tuned_weights_are_those_that_evaluation_confirms():
    runs = [random_run(1, 20, 60, 100, 1.0), random_run(2, 20, 60, 100, 15.0)]
    chance = random.Random(3)
    qrels = {qid: {docid: 1 for docid in chance.sample(sorted(hits), 5)} for qid, hits in runs[1].items()}
    candidates = candidate_weights(runs, "z-score")
    best, values = tune_weights(runs, qrels, candidates, "AP", "z-score", "lowest")
    for weights in candidates[:3]:
        fused = weighted_sum(runs, weights, "z-score", "lowest")
        assert values[weights] == pytest.approx(evaluate(fused, qrels, ["AP"])["AP"], abs=1e-12)
    assert values[best] == max(values.values())
