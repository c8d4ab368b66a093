"""Training without judgements: what a teacher knows is learned, a shuffled one teaches nothing, no qrels are opened."""

import json
from dataclasses import replace

import pytest
import torch

from pyserini_ltre.collection import (
    Document,
    read_queries,
    write_beir,
    write_qrels,
    write_run,
    write_topics,
)
from pyserini_ltre.collection.judged import Judged
from pyserini_ltre.encode.model import BiEncoder
from pyserini_ltre.errors import InputError
from pyserini_ltre.index import IndexDirectory
from pyserini_ltre.train.__main__ import main
from pyserini_ltre.train.data.taught import Unjudged, taught_queries
from pyserini_ltre.train.data.together import PairedSampler
from pyserini_ltre.train.distil import DistilTrainer
from pyserini_ltre.train.loop.schedule import Schedule, ScheduleDefaults
from pyserini_ltre.train.losses.distillation import DistilObjective, distillation_loss
from pyserini_ltre.train.losses.objective import Objective
from pyserini_ltre.train.query_side import QuerySideTrainer

FAST = Schedule(epochs=6, batch_size=16, learning_rate=3e-3, evaluations=3, precision="fp32")


def oracle(problem, shift=0):
    """A run that ranks the relevant documents first; shifted, those of another topic."""
    docids = IndexDirectory(problem.directory).docids
    qids = list(problem.queries)
    return {
        qid: {
            docid: 1.0 if docid in problem.qrels[qids[(i + shift * (i % 7)) % len(qids)]] else 0.0
            for docid in docids
        }
        for i, qid in enumerate(qids)
    }


def fit(problem, encoder, teacher, trainable="encoder", **settings):
    trainer = DistilTrainer(
        BiEncoder.load(encoder), problem.directory, DistilObjective(anchor=0.0), trainable, FAST
    )
    return trainer.fit(Unjudged(problem.queries, teacher), Judged(*problem.dev, 0, 0), **settings)


@pytest.mark.parametrize("trainable", ["encoder", "adapter"])
def test_what_the_teacher_knows_is_learned(problem, tiny_encoder, trainable):
    result = fit(problem, tiny_encoder, oracle(problem), trainable)
    assert result.improved
    assert result.after["nDCG@10"] > result.before["nDCG@10"] + (0.1 if trainable == "encoder" else 0.05)
    assert result.settings["method"] == "distil"


def test_few_judged_queries_are_all_trained_on(problem, tiny_encoder):
    """A tenth of them would decide nothing: made queries guard, as without judgements."""
    few = dict(list(problem.queries.items())[:12])
    sources = {qid: dict([next(iter(judged.items()))]) for qid, judged in problem.qrels.items()}
    trainer = QuerySideTrainer(tiny_encoder, problem.directory, schedule=FAST)
    unjudged = Unjudged(problem.queries, oracle(problem), sources)
    result = trainer.fit(few, problem.qrels, unjudged=unjudged)
    assert result.train.queries == few and result.improved and result.best_step == result.steps
    assert 0 < len(result.dev.queries) < 10 and result.dev.queries.items() <= problem.queries.items()
    assert "all are trained on" in str(result)
    # Without documents that queries were made from, as of a log, a tenth has to do.
    alone = trainer.fit(few, problem.qrels, unjudged=Unjudged(problem.queries, oracle(problem)))
    assert len(alone.train.queries) == 10 and len(alone.dev.queries) == 2


def test_judged_queries_that_come_round_often_weigh_less(problem, tiny_encoder):
    """Ten rounds of each are as many as without unjudged queries."""
    defaults = ScheduleDefaults(learning_rate=1e-3, steps=100)
    assert Schedule(batch_size=16).drawn(70, defaults) == 800  # 50 steps: ten epochs of five
    trainer = QuerySideTrainer(tiny_encoder, problem.directory, schedule=Schedule(batch_size=16))
    taught = taught_queries(Unjudged(problem.queries, oracle(problem)), trainer.directory.row_of, 40)
    weights = []
    trainer._judged_loss = lambda embeddings, batch: torch.tensor(1.0)
    for count in (70, 7):
        train = Judged(dict(list(problem.queries.items())[:count]), problem.qrels, 0, 0)
        objective = DistilObjective().resolve(True, 0.0)
        _, loss = trainer._together(train, taught, objective, None, defaults)
        frozen = torch.zeros(1, 32)
        rows = {"frozen": frozen, "rows": torch.tensor([[0, 1]]), "targets": torch.tensor([[0.5, 0.5]])}
        weights.append(loss(torch.zeros(2, 32), {"unjudged": rows}).item())
    assert weights == pytest.approx([70 * 10 / 800, 7 * 10 / 800], abs=1e-5)


@pytest.mark.parametrize("trainable", ["encoder", "adapter", "lora"])
def test_a_shuffled_teacher_ends_with_the_frozen_encoder(problem, tiny_encoder, trainable):
    """Without any judgements: made queries do not find any more what they were made from."""
    learned = fit(problem, tiny_encoder, oracle(problem)).encoder
    frozen = {name: value.clone() for name, value in learned.state_dict().items()}

    def train(shift):
        trainer = DistilTrainer(
            learned, problem.directory, DistilObjective(anchor=0.0), trainable, replace(FAST, epochs=12)
        )
        return trainer.fit(
            Unjudged(problem.queries, oracle(problem, shift), known=Judged(*problem.dev, 0, 0))
        )

    shuffled = train(1)
    assert not shuffled.improved and shuffled.after == shuffled.before
    assert "not to be trusted" in str(shuffled)
    assert all(torch.equal(value, frozen[name]) for name, value in shuffled.encoder.state_dict().items())
    good = train(0)
    assert good.improved and good.best_step == good.steps
    assert "the last weights" in str(good)


def test_sources_of_training_queries_are_held_out_with_them(problem, tiny_encoder):
    trainer = DistilTrainer(tiny_encoder, problem.directory, DistilObjective(), "adapter", FAST)
    sources = {qid: {f"{int(qid) % 10}-{int(qid) % 4}": 1} for qid in problem.queries}
    result = trainer.fit(Unjudged(problem.queries, oracle(problem), sources))
    assert (len(result.train.queries), len(result.dev.queries)) == (63, 7)
    kept = {docid for qid in result.train.queries for docid in sources[qid]}
    assert kept.isdisjoint(docid for judged in result.dev.qrels.values() for docid in judged)
    with pytest.raises(InputError, match="nothing to choose the encoder on"):
        trainer.fit(Unjudged(problem.queries, oracle(problem)))
    with pytest.raises(InputError, match="`patience` waits"):
        DistilTrainer(
            tiny_encoder, problem.directory, DistilObjective(), "adapter", Schedule(patience=1)
        ).fit(Unjudged(problem.queries, oracle(problem), sources))


@pytest.mark.parametrize("trainable", ["encoder", "lora"])
def test_judged_and_unjudged_queries_are_learned_from_at_each_step(problem, tiny_encoder, trainable):
    """Half of the topics are judged, the teacher knows the others: together they teach both."""
    seen = {qid for qid in problem.queries if int(qid) % 2}
    queries, qrels = ({qid: all_[qid] for qid in seen} for all_ in (problem.queries, problem.qrels))
    rest = {qid: text for qid, text in problem.queries.items() if qid not in seen}
    teacher = {qid: run for qid, run in oracle(problem).items() if qid in rest}
    objective = Objective(anchor=0.0, hits=20)

    def train(unjudged=None):
        trainer = QuerySideTrainer(
            BiEncoder.load(tiny_encoder), problem.directory, objective, trainable, replace(FAST, epochs=20)
        )
        return trainer.fit(queries, qrels, dev=problem.dev, unjudged=unjudged)

    alone, together = train(), train(Unjudged(rest, teacher))
    assert together.after["nDCG@10"] > alone.after["nDCG@10"] + 0.05
    assert together.steps == alone.steps
    assert f"beside them, {len(rest)} queries taught by teacher" in str(together)


def test_batches_hold_as_many_of_both_and_a_resumed_epoch_goes_on():
    class Order:
        def __init__(self, length):
            self.length = length

        def __len__(self):
            return self.length

        def set_epoch(self, epoch):
            self.epoch = epoch

        def __iter__(self):
            return iter([(self.epoch, item) for item in range(self.length)])

    for few, many in ((Order(3), Order(5)), (Order(5), Order(3))):
        sampler = PairedSampler(few, many)
        pairs = []
        for epoch in range(4):
            sampler.set_epoch(epoch)
            pairs += list(sampler)
        assert len(pairs) == 4 * len(sampler) == 20
        for side, order in enumerate((few, many)):
            expected = [(e, i) for e in range(9) for i in range(len(order))][:20]
            assert [pair[side] for pair in pairs] == expected


def test_loss_is_the_divergence_and_ignores_padding():
    generator = torch.Generator().manual_seed(0)
    scores, targets = torch.randn(2, 3, 5, generator=generator)
    valid = torch.ones(3, 5, dtype=torch.bool)
    expected = torch.nn.functional.kl_div(
        scores.log_softmax(1), targets.log_softmax(1), log_target=True, reduction="batchmean"
    )
    torch.testing.assert_close(distillation_loss(scores, targets, valid), expected)
    assert distillation_loss(targets, targets, valid).abs() < 1e-6
    wide = [torch.cat([values, torch.full((3, 2), 9.0)], 1) for values in (scores, targets)]
    wide[0].requires_grad_()
    padded = distillation_loss(*wide, torch.cat([valid, torch.zeros(3, 2, dtype=torch.bool)], 1))
    torch.testing.assert_close(padded, expected)
    padded.backward()
    assert wide[0].grad.isfinite().all()
    assert (wide[0].grad[:, 5:] == 0).all()


def test_what_teaches_nothing_is_counted_or_refused():
    queries, rows = {"a": "x", "b": "y", "c": "z"}, {"d0": 0, "d1": 1, "d2": 2}
    teacher = {"a": {"d0": 3.0, "d1": 1.0, "gone": 9.0, "d2": 2.0}, "b": {"d0": 1.0, "d1": 1.0}}
    taught = taught_queries(Unjudged(queries, teacher), rows, 200)
    assert list(taught.queries) == ["a"]
    assert taught.rows[0].tolist() == [0, 2, 1]
    assert taught.targets[0].tolist() == [1.0, 0.5, 0.0]
    assert (taught.unknown_documents, taught.equal_scores, taught.unanswered_queries) == (1, 1, 1)
    with pytest.raises(InputError, match=r"run.txt: teaches nothing: .*one and the same score"):
        taught_queries(Unjudged(queries, {"b": teacher["b"]}, name="run.txt"), rows, 200)
    with pytest.raises(InputError, match=r"run.txt: 1 of its 1 queries are not among .* other first"):
        taught_queries(Unjudged(queries, {"other": {"d0": 1.0}}, name="run.txt"), rows, 200)


@pytest.fixture
def collection(problem, tmp_path):
    """The documents of the index, in words of their topics."""
    from small_input import WORDS

    documents = [
        Document(
            docid,
            f"{WORDS[i % 20]} {WORDS[(i * 7 + 3) % 30]}",
            f"{WORDS[(i * 3) % 30]} {WORDS[i % 11]} number {i}.",
        )
        for i, docid in enumerate(IndexDirectory(problem.directory).docids)
    ]
    write_beir(tmp_path / "collection", documents, {"test": {"q": "sort list"}}, {"test": {"q": {"0-0": 1}}})
    return tmp_path / "collection"


def command(problem, encoder, collection, output, *more):
    words = (
        f"distil --index {problem.directory} --encoder {encoder} --collection {collection} --output {output}"
    )
    return [*words.split(), "--epochs", "1", "--batch-size", "16", "--evaluations", "1", *map(str, more)]


def test_the_command_does_all_of_it_and_opens_no_qrels(
    problem, tiny_encoder, collection, tmp_path, monkeypatch, capsys
):
    """With BM25 by Pyserini; whoever opens judgements fails."""
    import pyserini_ltre.collection.qrels as qrels

    def fail(*arguments, **options):
        pytest.fail("judgements were opened")

    monkeypatch.setattr(qrels, "read_qrels", fail)
    monkeypatch.setattr("pyserini_ltre.collection.beir.read_qrels", fail, raising=False)
    (collection / "qrels" / "test.tsv").unlink()
    main(command(problem, tiny_encoder, collection, tmp_path / "model"))
    said = capsys.readouterr().out
    assert "seconds: queries" in said
    description = json.loads((tmp_path / "model" / "pyserini_ltre.json").read_text())
    assert description["method"] == "distil"
    assert description["measures"]["after"]["nDCG@10"] >= description["measures"]["before"]["nDCG@10"]


def test_queries_and_teacher_can_be_given(problem, tiny_encoder, collection, tmp_path, capsys, refused):
    write_topics(tmp_path / "log.tsv", problem.queries)
    write_run(tmp_path / "teacher.txt", oracle(problem), "teacher")
    write_topics(tmp_path / "test.tsv", {"t": problem.queries["0000"]})
    given = ("--queries", tmp_path / "log.tsv", "--teacher", tmp_path / "teacher.txt")
    main(command(problem, tiny_encoder, collection, tmp_path / "model", *given))
    assert "70 training queries" in capsys.readouterr().out
    assert "--teacher has answered queries" in refused(
        main, *command(problem, tiny_encoder, collection, tmp_path / "m2", *given[2:])
    )
    assert not (tmp_path / "m2").exists()
    assert read_queries(tmp_path / "log.tsv") == problem.queries


def test_documents_of_another_collection_are_refused(problem, tiny_encoder, tmp_path, refused):
    other = [Document(f"x{i}", f"title {i} word", "") for i in range(5)]
    write_beir(tmp_path / "other", other, {"test": {"q": "a b"}}, {"test": {"q": {"x0": 1}}})
    said = refused(main, *command(problem, tiny_encoder, tmp_path / "other", tmp_path / "m"))
    assert "queries has a relevant document in the index" in said


def test_the_judged_command_takes_unjudged_queries(problem, tiny_encoder, tmp_path, capsys, refused):
    write_topics(tmp_path / "queries.tsv", problem.queries)
    write_qrels(tmp_path / "qrels.txt", problem.qrels)
    log = {f"log-{qid}": text for qid, text in problem.dev[0].items()}
    write_topics(tmp_path / "log.tsv", log)
    teacher = dict(zip(log, oracle(problem).values(), strict=False))
    write_run(tmp_path / "teacher.txt", teacher, "teacher")
    words = f"adore --index {problem.directory} --encoder {tiny_encoder} --queries {tmp_path}/queries.tsv"
    words += (
        f" --qrels {tmp_path}/qrels.txt --epochs 1 --evaluations 1 --hits 20 --unjudged {tmp_path}/log.tsv"
    )
    given = ("--teacher", str(tmp_path / "teacher.txt"))
    main([*words.split(), *given, "--output", str(tmp_path / "model")])
    said = capsys.readouterr().out
    assert f"beside them, {len(log)} queries taught by {tmp_path}/teacher.txt" in said
    assert "seconds: queries" in said
    # Nobody teaches: neither a run nor the documents.
    said = refused(main, *words.split(), "--output", tmp_path / "nobody")
    assert "--collection" in said
    vectors = ("--query-vectors", tmp_path / "vectors.npy", "--trainable", "adapter")
    said = refused(main, *words.split(), *given, *vectors, "--output", tmp_path / "vectors")
    assert "--query-vectors" in said and "--unjudged" in said
