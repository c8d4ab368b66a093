"""Options of the schedule that the Trainer carries out."""

import pytest

from pyserini_ltre.encode.model import BiEncoder
from pyserini_ltre.train.loop.schedule import Schedule, ScheduleDefaults
from pyserini_ltre.train.losses.objective import Objective
from pyserini_ltre.train.query_side import QuerySideTrainer


def fit(problem, encoder, tensorboard=None, **schedule):
    trainer = QuerySideTrainer(
        BiEncoder.load(encoder),
        problem.directory,
        Objective(hits=20),
        schedule=Schedule(**schedule),
        tensorboard=tensorboard,
    )
    return trainer.fit(problem.queries, problem.qrels, problem.dev)


def test_patience_stops_early(problem, tiny_encoder):
    result = fit(
        problem, tiny_encoder, epochs=10, batch_size=16, evaluations=10, patience=2, learning_rate=10.0
    )
    best, _ = max(result.dev_history[1:], key=lambda point: (point[1], -point[0]))
    assert result.steps == best + 10 < 50  # a measurement every 5 steps


def test_batches_are_accumulated(problem, tiny_encoder):
    assert (
        fit(problem, tiny_encoder, epochs=2, batch_size=7, gradient_accumulation_steps=5, evaluations=2).steps
        == 4
    )


def test_tensorboard_is_written(problem, tiny_encoder, tmp_path):
    fit(problem, tiny_encoder, tensorboard=tmp_path / "logs", epochs=1, batch_size=16, evaluations=1)
    assert list((tmp_path / "logs").glob("events.*"))


@pytest.mark.parametrize(
    ("queries", "processes", "usual", "steps"),
    [(3057, 1, 300, 300), (50, 1, 300, 20), (500_000, 1, 300, 46_880), (3057, 2, 300, 300)],
)
def test_usual_steps_within_three_and_ten_passes(queries, processes, usual, steps):
    total, every = Schedule(batch_size=32).steps(queries, processes, ScheduleDefaults(1e-3, usual))
    assert total == steps
    assert total % every == 0
