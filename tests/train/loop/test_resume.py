"""Killed at any moment and resumed, a training ends with the same weights as one that was never interrupted."""

import errno
import itertools
import json
import shutil
import signal
import subprocess
import sys
from pathlib import Path

import pytest
import torch
from safetensors.torch import load_file

from pyserini_ltre.encode.model import BiEncoder
from pyserini_ltre.errors import DivergenceError
from pyserini_ltre.train.__main__ import main
from pyserini_ltre.train.loop.checkpoints import (
    COMPLETE,
    checkpoint_folder,
    prepare_checkpoints,
    remove_checkpoints,
)
from pyserini_ltre.train.loop.schedule import Schedule
from pyserini_ltre.train.loop.trainer import RetrievalTrainer
from pyserini_ltre.train.losses.objective import Objective, RetrievalLoss
from pyserini_ltre.train.query_side import QuerySideTrainer

# 63 queries: 4 steps an epoch, 24 in all, a checkpoint every 4.
OPTIONS = "--epochs 6 --batch-size 16 --evaluations 6 --hits 20 --anchor 0 --precision fp32".split()
DIES = """
import os, signal, sys
from pyserini_ltre.train.__main__ import main
from pyserini_ltre.train.loop.trainer import RetrievalTrainer

compute_loss = RetrievalTrainer.compute_loss

def dying(self, *arguments, **options):
    if self.state.global_step == int(sys.argv[1]):
        os.kill(os.getpid(), signal.SIGKILL)
    return compute_loss(self, *arguments, **options)

RetrievalTrainer.compute_loss = dying
main(sys.argv[2:])
"""


@pytest.fixture
def command(problem, judged_files, tiny_encoder, tmp_path):
    files = {"--index": problem.directory, "--encoder": tiny_encoder, **judged_files}

    def build(output, *more):
        named = [str(part) for name, path in files.items() for part in (name, path)]
        return ["adore", *named, *OPTIONS, "--output", str(tmp_path / output), *more]

    return build


IDENTITY = {"index": "mine"}


@pytest.fixture
def checkpoints(problem, tiny_encoder, tmp_path, monkeypatch):
    """A folder with the checkpoints of steps 4 and 8 of a training that stopped there."""

    def stop(self, *arguments, **options):
        raise KeyboardInterrupt

    folder = tmp_path / "made"
    trainer = QuerySideTrainer(
        BiEncoder.load(tiny_encoder),
        problem.directory,
        Objective(hits=20),
        trainable="adapter",
        schedule=Schedule(epochs=2, batch_size=16, evaluations=2),
    )
    train = {qid: problem.queries[qid] for qid in list(problem.queries)[:63]}
    with monkeypatch.context() as patch, pytest.raises(KeyboardInterrupt):
        patch.setattr(RetrievalTrainer, "_load_best_model", stop)
        trainer.fit(train, problem.qrels, problem.dev, checkpoints=folder)
    (folder / "training.json").write_text(json.dumps(IDENTITY))
    return folder


@pytest.mark.parametrize(
    ("trainable", "rate", "step"), [("encoder", "1e-3", 13), ("adapter", "1e-2", 21), ("lora", "1e-2", 18)]
)
def test_killed_and_resumed_equals_uninterrupted(
    command, tmp_path, same_threads_there, trainable, rate, step
):
    part = ("--trainable", trainable, "--learning-rate", rate)
    main(command("whole", *part))
    killed = command("killed", *part)
    died = subprocess.run(
        [sys.executable, "-c", DIES, str(step), *killed],
        env=same_threads_there,
        capture_output=True,
        check=False,
    )
    assert died.returncode == -signal.SIGKILL
    assert not (tmp_path / "killed").exists()
    # A checkpoint that was cut off while being written must not be taken.
    (tmp_path / "killed.checkpoints" / "checkpoint-23").mkdir()
    main([*killed, "--resume"])
    files = sorted(
        path.relative_to(tmp_path / "whole") for path in (tmp_path / "whole").rglob("*.safetensors")
    )
    assert files
    for file in files:
        expected, got = load_file(tmp_path / "whole" / file), load_file(tmp_path / "killed" / file)
        assert all(torch.equal(expected[name], got[name]) for name in expected)
    curves = [
        json.loads((tmp_path / name / "pyserini_ltre.json").read_text()) for name in ("whole", "killed")
    ]
    assert curves[0]["dev_history"] == curves[1]["dev_history"] and len(curves[0]["dev_history"]) == 7
    assert curves[0]["improved"] and not (tmp_path / "killed.checkpoints").exists()


def test_checkpoints_of_another_training_are_refused(command, tmp_path, capsys):
    folder = tmp_path / "out.checkpoints"
    prepare_checkpoints(folder, {"index": "other"}, resume=False)
    (folder / "checkpoint-5").mkdir()
    (folder / "checkpoint-5" / COMPLETE).touch()
    with pytest.raises(SystemExit) as stopped:
        main([*command("out"), "--resume"])
    assert stopped.value.code == 2
    assert "checkpoints are of another index, encoder" in capsys.readouterr().err
    assert (folder / "checkpoint-5" / COMPLETE).exists()


def test_a_loss_that_is_not_finite_stops_and_names_the_step(problem, tiny_encoder, tmp_path, monkeypatch):
    compute_loss, steps = RetrievalLoss.__call__, itertools.count(1)

    def breaks(self, *arguments):
        return compute_loss(self, *arguments) * (float("nan") if next(steps) == 8 else 1.0)

    monkeypatch.setattr(RetrievalLoss, "__call__", breaks)
    schedule = Schedule(epochs=3, batch_size=16, evaluations=3)
    trainer = QuerySideTrainer(
        BiEncoder.load(tiny_encoder), problem.directory, Objective(hits=20), schedule=schedule
    )
    with pytest.raises(DivergenceError, match="step 8"):
        trainer.fit(problem.queries, problem.qrels, problem.dev, checkpoints=tmp_path / "kept")
    assert [path.parent.name for path in (tmp_path / "kept").glob(f"*/{COMPLETE}")] == ["checkpoint-5"]


def test_a_full_disk_leaves_the_last_whole_checkpoint(command, tmp_path, monkeypatch, capsys):
    save = RetrievalTrainer._save_optimizer_and_scheduler

    def full(self, folder):
        if self.state.global_step > 4:
            raise OSError(errno.ENOSPC, "No space left on device")
        save(self, folder)

    monkeypatch.setattr(RetrievalTrainer, "_save_optimizer_and_scheduler", full)
    with pytest.raises(SystemExit) as stopped:
        main(command("out"))
    assert stopped.value.code == 2
    assert "no space left" in capsys.readouterr().err
    assert not (tmp_path / "out").exists()
    monkeypatch.undo()
    assert [mark.parent.name for mark in tmp_path.glob(f"out.checkpoints/*/{COMPLETE}")] == ["checkpoint-4"]
    main(command("out", "--resume"))
    assert (tmp_path / "out" / "pyserini_ltre.json").is_file()


def test_a_folder_that_is_not_ours_is_neither_used_nor_removed(command, tmp_path, capsys):
    folder = tmp_path / "out.checkpoints"
    folder.mkdir()
    (folder / "thesis.txt").write_text("x")
    with pytest.raises(SystemExit) as stopped:
        main(command("out"))
    assert stopped.value.code == 2
    assert str(folder) in capsys.readouterr().err
    assert [path.name for path in folder.iterdir()] == ["thesis.txt"] and not (tmp_path / "out").exists()


def test_only_what_a_training_wrote_is_removed(tmp_path):
    with checkpoint_folder(tmp_path / "kept") as folder:
        prepare_checkpoints(folder, {}, resume=False)
        (folder / "checkpoint-5").mkdir()
        (folder / "checkpoint-notes").mkdir()
        (folder / "thesis.txt").write_text("x")
    remove_checkpoints(folder)
    assert sorted(path.name for path in folder.iterdir()) == ["checkpoint-notes", "thesis.txt"]
    (folder / "thesis.txt").unlink()
    (folder / "checkpoint-notes").rmdir()
    remove_checkpoints(folder)
    assert not folder.exists()


@pytest.mark.parametrize(
    "damaged",
    ["model.safetensors", "trainer_state.json", "optimizer.pt", "scheduler.pt", "rng_state.pth", COMPLETE],
)
@pytest.mark.parametrize("how", ["empty", "missing", "another byte"])
def test_a_damaged_checkpoint_is_not_gone_on_from(checkpoints, tmp_path, damaged, how):
    folder = tmp_path / "copy"
    shutil.copytree(checkpoints, folder)
    whole, remarks = prepare_checkpoints(folder, IDENTITY, resume=True)
    assert (whole.name, remarks) == ("checkpoint-8", ())
    file = folder / "checkpoint-8" / damaged
    content = file.read_bytes()
    if how == "missing":
        file.unlink()
    else:
        file.write_bytes(b"" if how == "empty" else content[:-1] + bytes([content[-1] ^ 1]))
    whole, remarks = prepare_checkpoints(folder, IDENTITY, resume=True)
    assert whole.name == "checkpoint-4"
    assert not (folder / "checkpoint-8").exists()
    if damaged != COMPLETE or how != "missing":  # then it looks as if it had been cut off
        assert "checkpoint-8" in remarks[0] and "damaged" in remarks[0]


def test_a_damaged_best_checkpoint_is_noticed(checkpoints, tmp_path):
    """At the end the best weights are loaded: a training that cannot do that must begin anew, and say so."""
    folder = tmp_path / "copy"
    shutil.copytree(checkpoints, folder)
    state = json.loads((folder / "checkpoint-8" / "trainer_state.json").read_text())
    best = folder / Path(state["best_model_checkpoint"]).name
    (best / "model.safetensors").write_bytes(b"")
    whole, remarks = prepare_checkpoints(folder, IDENTITY, resume=True)
    assert len(remarks) == (1 if best.name == "checkpoint-8" else 2)
    assert whole is None or whole.name == "checkpoint-4"
