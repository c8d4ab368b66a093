"""Whatever has become of a folder of checkpoints: only whole ones are gone on from, and what is wrong is said."""

import json
import shutil
from pathlib import Path

import pytest
from hostile import damaged, damaged_json
from hypothesis import given
from hypothesis import strategies as st
from transformers import TrainerControl, TrainerState, TrainingArguments

from pyserini_ltre.errors import InputError
from pyserini_ltre.train.loop.checkpoints import (
    COMPLETE,
    IDENTITY,
    TRAINER_STATE,
    MarkComplete,
    checkpoint_folder,
    prepare_checkpoints,
)

KNOWN = {"index": "abc", "queries": "def", "options": {"rate": 0.1}}
FILES = {
    "model.safetensors": b"weights" * 20,
    "optimizer.pt": b"moments" * 20,
    "rng_state.pth": b"random",
    TRAINER_STATE: json.dumps({"global_step": 4, "best_model_checkpoint": "checkpoint-4"}).encode(),
}


@pytest.fixture(scope="module")
def whole(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with the whole checkpoints of steps 4 and 8."""
    folder = tmp_path_factory.mktemp("whole") / "m.checkpoints"
    with checkpoint_folder(folder):
        for step in (4, 8):
            checkpoint = folder / f"checkpoint-{step}"
            checkpoint.mkdir()
            for name, content in FILES.items():
                (checkpoint / name).write_bytes(content)
            MarkComplete().on_save(
                TrainingArguments(output_dir=str(folder), report_to=[], use_cpu=True),
                TrainerState(global_step=step),
                TrainerControl(),
            )
    (folder / IDENTITY).write_text(json.dumps(KNOWN))
    return folder


def copied(whole: Path, place: Path) -> Path:
    """The folder once more, to be damaged."""
    shutil.rmtree(place / whole.name, ignore_errors=True)
    return shutil.copytree(whole, place / whole.name)


@given(st.sampled_from([4, 8]), st.sampled_from([*FILES, COMPLETE]), st.data())
def test_a_damaged_checkpoint_is_never_gone_on_from(
    tmp_path: Path, whole: Path, step: int, name: str, data: st.DataObject
) -> None:
    folder = copied(whole, tmp_path)
    file = folder / f"checkpoint-{step}" / name
    right = file.read_bytes()
    kinds = damaged(right)
    if name in (COMPLETE, TRAINER_STATE):
        kinds |= damaged_json(json.loads(right))
    content = data.draw(kinds)
    file.write_bytes(content)
    newest, said = prepare_checkpoints(folder, KNOWN, resume=True)
    if content == right or (name == COMPLETE and newest == folder / "checkpoint-8"):
        assert newest == folder / "checkpoint-8" and not said
    elif step == 8:
        assert newest == folder / "checkpoint-4" and len(said) == 1 and "checkpoint-8" in said[0]
    else:  # the best one is gone as well, so that nothing is left
        assert newest is None and len(said) == 2
    assert all("\n" not in line for line in said)


@given(damaged(json.dumps(KNOWN).encode()) | damaged_json(KNOWN))
def test_a_damaged_record_of_the_training_is_refused(tmp_path: Path, whole: Path, content: bytes) -> None:
    folder = copied(whole, tmp_path)
    (folder / IDENTITY).write_bytes(content)
    try:
        newest, _ = prepare_checkpoints(folder, KNOWN, resume=True)
    except InputError as error:
        assert "\n" not in str(error) and str(folder) in str(error)
    else:
        known = json.loads(content.decode("utf-8-sig"))
        assert newest is not None and all(known[name] == KNOWN[name] for name in KNOWN)
    assert (folder / "checkpoint-8" / COMPLETE).is_file(), "nothing is removed that might be gone on from"
