import pytest

from pyserini_ltre.eval import compare_groups, evaluate, holm, measure_run, paired_t_test

QRELS = {str(qid): {f"d{qid}": 1} for qid in range(20)}
MEASURES = ("RR@10", "NumRet")


def run_with(rank_of):
    """Answer each query with its relevant document at a rank; 0 is not at all."""
    return {
        qid: {(f"d{qid}" if place == rank else f"x{place}"): -float(place) for place in range(1, 12)}
        for qid, rank in ((qid, rank_of(int(qid))) for qid in QRELS)
        if rank >= 0
    }


@pytest.fixture
def runs():
    ranks = {
        "base": lambda qid: 2,
        "good": lambda qid: 1 if qid % 3 else 4,
        "poor": lambda qid: -1 if qid < 2 else 3,
    }
    return {name: measure_run(run_with(rank), QRELS, MEASURES) for name, rank in ranks.items()}


def test_means_are_those_of_evaluate(runs):
    (everything,) = compare_groups(runs, {"all": list(QRELS)})
    assert (everything.name, everything.queries) == ("all", 20)
    scores = everything.runs["good"]
    expected = evaluate(run_with(lambda qid: 1 if qid % 3 else 4), QRELS, MEASURES)
    assert {measure: score.value for measure, score in scores.measures.items()} == pytest.approx(expected)
    low, high = scores.measures["RR@10"].interval
    assert low < scores.measures["RR@10"].value < high
    assert scores.measures["NumRet"].interval is None
    assert scores.measures["RR@10"].difference is None


def test_unjudged_and_unanswered_queries_are_counted(runs):
    (everything,) = compare_groups(runs, {"all": list(QRELS)})
    assert everything.runs["base"].unjudged == 9
    assert everything.runs["base"].unanswered == 0
    assert everything.runs["poor"].unjudged == pytest.approx(9 * 18 / 20)
    assert everything.runs["poor"].unanswered == 2


def test_differences_are_corrected_for_the_runs_of_a_measure(runs):
    (everything,) = compare_groups(runs, {"all": list(QRELS)}, "base")
    found = {name: scores.measures["RR@10"].difference for name, scores in everything.runs.items()}
    assert found["base"] is None
    expected = [
        paired_t_test(runs["base"].values["RR@10"], runs[name].values["RR@10"]) for name in ("good", "poor")
    ]
    assert [found[name].paired for name in ("good", "poor")] == expected
    assert [found[name].t_test_holm for name in ("good", "poor")] == holm([test.p_value for test in expected])
    randomised = [found[name].randomisation for name in ("good", "poor")]
    assert [found[name].randomisation_holm for name in ("good", "poor")] == holm(randomised)
    assert (found["good"].paired.wins, found["good"].paired.losses) == (13, 7)


def test_groups_have_their_own_scores_and_tests(runs):
    groups = {"all": list(QRELS), "thirds": ["0", "3", "6"], "one": ["1"], "none": []}
    _, thirds, one, none = compare_groups(runs, groups, "base")
    assert thirds.runs["good"].measures["RR@10"].value == pytest.approx(0.25)
    assert thirds.runs["good"].measures["RR@10"].difference.paired.losses == 3
    assert one.runs["good"].measures["RR@10"].value == 1.0
    assert one.runs["good"].measures["RR@10"].difference is None
    assert (none.queries, none.runs) == (0, {})
