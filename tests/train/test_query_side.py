"""Query-side training learns what can be learned, keeps the frozen encoder otherwise, and repeats itself."""

import numpy as np
import pytest
import torch
from transformers import Trainer

from pyserini_ltre.encode.batching import encode_texts
from pyserini_ltre.encode.model import BiEncoder
from pyserini_ltre.errors import InputError
from pyserini_ltre.train.loop.schedule import Schedule
from pyserini_ltre.train.losses.objective import Objective
from pyserini_ltre.train.query_side import QuerySideTrainer

FAST = {"epochs": 6, "batch_size": 16, "learning_rate": 3e-3, "evaluations": 3, "precision": "fp32"}


def train(problem, tiny_encoder, objective="adore", anchor=0.0, **schedule):
    encoder = BiEncoder.load(tiny_encoder)
    trainer = QuerySideTrainer(
        encoder,
        problem.directory,
        Objective(method=objective, anchor=anchor, hits=20),
        schedule=Schedule(**{**FAST, **schedule}),
    )
    return trainer, trainer.fit(problem.queries, problem.qrels, problem.dev)


def weights(encoder):
    return {name: value.clone() for name, value in encoder.state_dict().items()}


def same(first, second):
    return first.keys() == second.keys() and all(torch.equal(first[name], second[name]) for name in first)


@pytest.mark.parametrize("objective", ["adore", "ltre"])
def test_dev_measure_rises_on_a_problem_that_can_be_learned(problem, tiny_encoder, objective):
    start = weights(BiEncoder.load(tiny_encoder))
    trainer, result = train(problem, tiny_encoder, objective)
    assert result.improved
    assert result.before["nDCG@10"] < 0.4
    assert result.after["nDCG@10"] > 0.8
    assert result.comparison.wins > 20
    assert result.comparison.mean_difference == pytest.approx(
        result.after["nDCG@10"] - result.before["nDCG@10"]
    )
    assert not same(start, weights(result.encoder))
    assert not result.encoder.training
    assert 0 < result.best_step <= result.steps
    # 70 queries, 16 a step, 6 epochs: 30 steps, measured 3 times, step 0 before them.
    assert [step for step, _ in result.dev_history] == [0, 10, 20, 30]
    assert max(value for _, value in result.dev_history) == pytest.approx(result.after["nDCG@10"])
    description = result.record()
    assert description["method"] == objective
    assert description["measures"] == {"before": result.before, "after": result.after}
    assert description["index"]["fingerprint"] == trainer.directory.fingerprint


def test_same_seed_gives_the_same_weights_and_another_seed_others(problem, tiny_encoder):
    first, second, third = (
        weights(train(problem, tiny_encoder, epochs=2, evaluations=2, seed=seed)[1].encoder)
        for seed in (1, 1, 2)
    )
    assert same(first, second)
    assert not same(first, third)


def test_frozen_encoder_is_kept_where_training_does_harm(problem, tiny_encoder, tmp_path, write_index):
    encoder = BiEncoder.load(tiny_encoder)
    start = weights(encoder)
    # Each dev query has the document that its own embedding is: nothing is better than the frozen encoder.
    texts = list(dict.fromkeys([*problem.queries.values(), *problem.dev[0].values()]))
    docid = {text: f"d{number}" for number, text in enumerate(texts)}
    directory = write_index(tmp_path / "index", encode_texts(encoder, texts, "query"), list(docid.values()))
    dev = {qid: {docid[text]: 1} for qid, text in problem.dev[0].items()}
    wrong = {qid: {docid[texts[(7 * i) % 30]]: 1} for i, qid in enumerate(problem.queries)}
    schedule = Schedule(**{**FAST, "epochs": 2, "evaluations": 2, "learning_rate": 10.0})
    trainer = QuerySideTrainer(encoder, directory, Objective(method="ltre", anchor=0.0), schedule=schedule)
    result = trainer.fit(problem.queries, wrong, (problem.dev[0], dev))
    assert not result.improved
    assert result.best_step == 0
    assert result.before == result.after
    assert result.before["nDCG@10"] == 1.0
    assert (result.comparison.wins, result.comparison.losses) == (0, 0)
    assert same(start, weights(result.encoder))
    assert not result.encoder.training


def test_anchor_keeps_queries_near_the_frozen_encoder(problem, tiny_encoder):
    texts = list(problem.dev[0].values())
    frozen = encode_texts(BiEncoder.load(tiny_encoder), texts, "query")
    moved = [
        np.square(
            encode_texts(train(problem, tiny_encoder, anchor=anchor)[1].encoder, texts, "query") - frozen
        )
        .sum(1)
        .mean()
        for anchor in (0.0, 30.0)
    ]
    assert moved[1] < 0.5 * moved[0]


def test_a_tenth_is_held_out_without_a_dev_set(problem, tiny_encoder):
    """Held out is not trained on, and is what is measured: as if the two parts had been given as train and dev."""

    def fit(queries, qrels, dev=None):
        schedule = Schedule(**{**FAST, "epochs": 2, "evaluations": 2})
        trainer = QuerySideTrainer(tiny_encoder, problem.directory, "ltre", schedule=schedule)
        return trainer.fit(queries, qrels, dev)

    # One document a query: others of the same topic stay with training.
    judged = {qid: {f"{int(qid) % 10}-{int(qid) % 4}": 1} for qid in problem.qrels}
    unknown = {**judged, "0000": {**judged["0000"], "gone": 1}}
    result = fit(problem.queries, unknown)
    assert result.train.missing_documents == 1
    held_out = list(result.dev.queries)
    rest = [qid for qid in problem.queries if qid not in held_out]
    assert (len(rest), len(held_out)) == (63, 7)
    assert list(result.train.queries) == rest
    train, dev = (
        ({qid: problem.queries[qid] for qid in qids}, {qid: judged[qid] for qid in qids})
        for qids in (rest, held_out)
    )
    given = fit(*train, dev)
    assert given.improved
    assert result.dev_history == given.dev_history
    assert (result.before, result.after) == (given.before, given.after)
    assert same(weights(result.encoder), weights(given.encoder))


def test_bf16_leaves_an_ordinary_encoder_behind(problem, tiny_encoder):
    _, result = train(problem, tiny_encoder, precision="bf16")
    assert result.improved
    assert result.after["nDCG@10"] > 0.8
    assert all(value.dtype == torch.float32 for value in result.encoder.parameters())
    # What is reported is what the encoder gives in full precision, as it is searched with afterwards.
    text = next(iter(problem.dev[0].values()))
    untouched = BiEncoder.forward(
        result.encoder, **result.encoder.pad(result.encoder.tokenize([text], "query"))
    )
    np.testing.assert_array_equal(encode_texts(result.encoder, [text], "query"), untouched.detach().numpy())


def test_another_dimension_is_refused(problem, tiny_encoder, tmp_path, write_index):
    directory = write_index(tmp_path / "index", np.ones((5, 16), np.float32), list("abcde"))
    with pytest.raises(InputError, match=r"16 dimensions.* 32"):
        QuerySideTrainer(tiny_encoder, directory)


@pytest.mark.parametrize(
    ("options", "schedule"),
    [
        ({"hits": 0}, {}),
        ({"hits": 41}, {}),
        ({"metric_cut": 0}, {}),
        ({"anchor": -0.1}, {}),
        ({"score_scale": 0.0}, {}),
        ({}, {"epochs": 0}),
        ({}, {"epochs": -1.0}),
        ({}, {"batch_size": 0}),
        ({}, {"learning_rate": 0.0}),
        ({}, {"learning_rate": float("nan")}),
        ({}, {"evaluations": 0}),
    ],
)
def test_settings_out_of_range_are_refused_before_training(problem, tiny_encoder, options, schedule):
    with pytest.raises(InputError, match=f"`{next(iter({**options, **schedule}))}`") as caught:
        QuerySideTrainer(tiny_encoder, problem.directory, Objective(**options), schedule=Schedule(**schedule))
    assert "\n" not in str(caught.value)


def test_unknown_objective_is_refused(problem, tiny_encoder):
    with pytest.raises(InputError, match="lrte: use one of"):
        QuerySideTrainer(tiny_encoder, problem.directory, "lrte")


def test_one_dev_query_is_refused_before_training(problem, tiny_encoder, monkeypatch):
    monkeypatch.setattr(Trainer, "train", lambda *arguments, **options: pytest.fail("trained"))
    trainer = QuerySideTrainer(tiny_encoder, problem.directory, "ltre")
    qid = next(iter(problem.dev[0]))
    with pytest.raises(InputError, match="dev"):
        trainer.fit(problem.queries, problem.qrels, ({qid: problem.dev[0][qid]}, {qid: problem.dev[1][qid]}))


def test_two_lines_tell_memory_from_what_carries_over(problem, tiny_encoder):
    """Dev queries of even topics share their documents with training, those of odd topics do not."""
    even = [qid for qid in problem.queries if int(qid) % 2 == 0]
    trainer = QuerySideTrainer(tiny_encoder, problem.directory, "ltre", schedule=Schedule(**FAST))
    train = ({qid: known[qid] for qid in even} for known in (problem.queries, problem.qrels))
    result = trainer.fit(*train, dev=problem.dev)
    seen, others = result.groups
    assert (seen.queries, others.queries) == (15, 15)
    assert (15 * seen.after + 15 * others.after) / 30 == pytest.approx(result.after["nDCG@10"])
    assert seen.after - seen.before > others.after - others.before
    lines = str(result).splitlines()[-2:]
    assert lines[0].startswith("nDCG@10 of 15 dev queries whose documents training saw: ")
    assert lines[1].startswith("nDCG@10 of 15 others: ")
    assert [group["name"] for group in result.record()["groups"]] == [seen.name, others.name]
