"""What is counted as time, and a two-sided training that can be stopped and gone on with."""

import json

import pytest
from matplotlib.image import imread

MEASURE = "nDCG@10"
POINTS = [
    {"step": 0, "train_seconds": 0.0, MEASURE: 0.4},
    {"step": 20, "train_seconds": 100.0, MEASURE: 0.5},
    {"step": 40, "train_seconds": 220.0, MEASURE: 0.6},
]


@pytest.mark.parametrize(
    ("method", "target", "seconds"),
    [
        ("both-sides", 0.45, 50 + 10),
        ("both-sides", 0.6, 220 + 10),
        ("refresh", 0.55, 160 + 2 * 10),
        ("refresh", 0.7, None),
    ],
)
def test_encoding_is_counted_once_or_after_every_interval(method, target, seconds):
    from time_to_quality import seconds_until

    found = seconds_until(method, POINTS, target, encoding=10.0)
    assert found == (None if seconds is None else pytest.approx(seconds))


@pytest.fixture(scope="module")
def small(tmp_path_factory, tiny_encoder):
    from inputs import stdlib_index

    from pyserini_ltre.collection import PythonStdlib

    collection = PythonStdlib(limit=400)
    return collection, stdlib_index(
        tmp_path_factory.mktemp("stdlib") / "index", str(tiny_encoder), collection, 16
    )


@pytest.mark.parametrize("hard_negatives", [False, True])
def test_stopped_training_goes_on_as_if_nothing_had_happened(small, tiny_encoder, tmp_path, hard_negatives):
    import torch
    from two_sided import TwoSidedTraining

    collection, index = small

    def training(folder):
        return TwoSidedTraining(
            str(tiny_encoder), collection, index, tmp_path / folder, 16, hard_negatives, epochs=1.5, every=2
        )

    whole = training("whole")
    points = [whole.points[0], whole.next_point(), whole.next_point()]
    training("parts").next_point()
    resumed = training("parts")
    assert [point["step"] for point in resumed.points] == [0, 2]
    resumed.next_point()
    assert [point[MEASURE] for point in resumed.points] == [point[MEASURE] for point in points]
    torch.testing.assert_close(resumed.vectors, whole.vectors)
    assert not torch.equal(whole.vectors, training("new").vectors)


def test_mined_documents_are_not_relevant(small, tiny_encoder, tmp_path):
    from two_sided import TwoSidedTraining

    collection, index = small
    training = TwoSidedTraining(str(tiny_encoder), collection, index, tmp_path / "state", 16, True, 1.0, 2)
    mined = training._mine()
    assert set(mined) == set(training.queries)
    assert all(mined[qid] and not set(mined[qid]) & set(training.qrels[qid]) for qid in mined)


def test_quick_curves_are_drawn(small, tiny_encoder, tmp_path, figures):
    from time_to_quality import LABELS, OURS, draw, query_side, summary
    from two_sided import TwoSidedTraining

    from pyserini_ltre.files import atomic_file

    collection, index = small
    curves = {name: query_side(name, str(tiny_encoder), index, collection, quick=True) for name in OURS}
    for name in ("both-sides", "refresh"):
        training = TwoSidedTraining(
            str(tiny_encoder), collection, index, tmp_path / name, 16, name == "refresh", 0.5, 2
        )
        training.next_point()
        curves[name] = {"points": training.points}
    curves["encoding"] = {"documents": 400, "fp32": 2.0, "bf16": 1.0}

    for name, curve in curves.items():
        with atomic_file(tmp_path / f"{name}.json") as file:
            json.dump(curve, file)
    report = summary(tmp_path)
    assert len(report["rows"]) == 4
    for name in OURS:
        assert (
            curves[name]["points"][0]["seconds"]
            < curves[name]["points"][-1]["seconds"]
            <= curves[name]["seconds"] + 1
        )
    draw(report, tmp_path / "curves.png")
    drawn = {line.get_label(): list(line.get_ydata()) for line in figures[0].axes[0].lines}
    for name in (*OURS, "both-sides", "refresh"):
        assert drawn[LABELS[name]] == [point[MEASURE] for point in curves[name]["points"][1:]]
    assert imread(tmp_path / "curves.png").shape[:2] == (5 * 130, 9 * 130)
