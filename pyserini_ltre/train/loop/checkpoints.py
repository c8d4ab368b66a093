"""Checkpoints that survive a kill at any moment, and are only resumed by the training that made them."""

import hashlib
import json
import os
import re
import shutil
import tempfile
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from accelerate import PartialState
from transformers import TrainerCallback, TrainerControl, TrainerState, TrainingArguments

from pyserini_ltre.errors import InputError
from pyserini_ltre.files import atomic_file
from pyserini_ltre.json_files import read_json
from pyserini_ltre.unfinished import synchronise

# In each checkpoint, once it is whole: its files, with the size and checksum of each.
COMPLETE = "complete"
# In a folder of checkpoints: what makes the training this one.
IDENTITY = "training.json"
# In a folder of checkpoints: that it is one, from before anything else is written there.
OURS = ".pyserini-ltre-checkpoints"
# In a folder of checkpoints: texts of the documents that both sides are trained on.
DOCUMENTS = "documents"
TRAINER_STATE = "trainer_state.json"


class MarkComplete(TrainerCallback):
    """Record the files of a checkpoint once all are written: one without the record was cut off."""

    def on_save(
        self, args: TrainingArguments, state: TrainerState, control: TrainerControl, **unused: object
    ) -> None:
        """Called by the Trainer after it has written a checkpoint."""
        if state.is_world_process_zero:
            checkpoint = Path(str(args.output_dir)) / f"checkpoint-{state.global_step}"
            files = [path for path in checkpoint.rglob("*") if path.is_file()]
            for path in files:
                synchronise(path)
            sums = {str(path.relative_to(checkpoint)): _size_and_sum(path) for path in files}
            with atomic_file(checkpoint / COMPLETE) as file:
                json.dump(sums, file)


@contextmanager
def checkpoint_folder(folder: str | os.PathLike[str] | None) -> Iterator[Path]:
    """The folder for checkpoints, marked as one; if none is given, one that is removed at the end.

    Raises
    ------
    InputError
        If something is in the folder, and no training has made it.
    """
    if folder is None:
        with tempfile.TemporaryDirectory(prefix="pyserini-ltre-") as temporary:
            yield Path(temporary)
        return
    folder = Path(folder)
    check_checkpoint_folder(folder)
    folder.mkdir(parents=True, exist_ok=True)
    (folder / OURS).touch()
    yield folder


def check_checkpoint_folder(folder: Path) -> None:
    """Refuse, before any work is done, a folder for checkpoints that holds something else."""
    if folder.exists() and not folder.is_dir():
        raise InputError(
            f"{folder} is where checkpoints would be, but a file; move it, or name another output"
        )
    if (
        folder.is_dir()
        and any(folder.iterdir())
        and not any((folder / mark).is_file() for mark in (OURS, IDENTITY))
    ):
        raise InputError(
            f"{folder} is where checkpoints would be, but no training has made it; move it, or name another output"
        )


def can_resume(folder: Path) -> bool:
    """Whether a folder of checkpoints holds one that was written to its end."""
    return any((checkpoint / COMPLETE).is_file() for checkpoint in _checkpoints(folder))


def remove_checkpoints(folder: Path) -> None:
    """Remove what a training has written to its folder of checkpoints, and the folder if nothing else is in it."""
    for path in (*_checkpoints(folder), folder / DOCUMENTS):
        shutil.rmtree(path, ignore_errors=True)
    for name in (IDENTITY, OURS):
        (folder / name).unlink(missing_ok=True)
    if folder.is_dir() and not any(folder.iterdir()):
        folder.rmdir()


def prepare_checkpoints(
    folder: Path, identity: dict[str, object], resume: bool
) -> tuple[Path | None, tuple[str, ...]]:
    """Make or check the folder of checkpoints.

    Parameters
    ----------
    folder : Path
        Where the Trainer saves.
    identity : dict of str to values that JSON knows
        What makes a training this one: index, encoder, data, options.
    resume : bool
        Whether to go on from the newest whole checkpoint; otherwise earlier ones are removed.

    Returns
    -------
    newest : Path or None
        The checkpoint to go on from; None to begin anew.
    damaged : tuple of str
        A line for each checkpoint that is damaged, and was removed.

    Raises
    ------
    InputError
        If `resume` is asked of checkpoints of another training: what differs is named.
    """
    identity = json.loads(json.dumps(identity))
    file = folder / IDENTITY
    whole: list[Path] = []
    damaged: list[str] = []
    if resume and file.is_file():
        known = read_json(file)
        differing = [
            name for name in identity if not isinstance(known, dict) or identity[name] != known.get(name)
        ]
        if differing:
            raise InputError(
                f"{folder}: these checkpoints are of another {', '.join(differing)}; "
                "give what that training had, or leave `resume` out to begin anew"
            )
        for checkpoint in _checkpoints(folder):
            fault = _fault(checkpoint, whole)
            if fault is None:
                whole.append(checkpoint)
            elif fault:
                damaged.append(f"{checkpoint}: {fault}: damaged, and not used")
    if PartialState().is_main_process:  # of several processes, one cleans up
        for path in _checkpoints(folder):
            if path not in whole:
                shutil.rmtree(path)
        with atomic_file(file) as output:
            json.dump(identity, output, indent=2)
    return (whole[-1] if whole else None), tuple(damaged)


def _checkpoints(folder: Path) -> list[Path]:
    """The checkpoints in a folder, whole or not, the newest last."""
    found = [path for path in folder.glob("checkpoint-*") if re.fullmatch(r"checkpoint-[0-9]+", path.name)]
    return sorted(
        (path for path in found if path.is_dir()), key=lambda path: int(path.name.rpartition("-")[2])
    )


def _fault(checkpoint: Path, whole: list[Path]) -> str | None:
    """What is wrong with a checkpoint; None if nothing is, empty if it was only cut off while it was written."""
    mark = checkpoint / COMPLETE
    if not mark.is_file():
        return ""
    try:
        recorded = read_json(mark)
        for name, expected in recorded.items():
            path = checkpoint / name
            if not path.is_file():
                return f"{name} is missing"
            if _size_and_sum(path) != expected:
                return f"{name} has changed"
        state = read_json(checkpoint / TRAINER_STATE)
        best = state["best_model_checkpoint"]
    except (InputError, AttributeError, KeyError, TypeError):
        return "its record is unreadable"
    # At the end, the best weights are loaded from there.
    if best is not None and Path(best).name not in {checkpoint.name, *(path.name for path in whole)}:
        return f"{Path(best).name}, which it calls the best, is not there"
    return None


def _size_and_sum(path: Path) -> list[int]:
    """Bytes of a file, and their CRC-32: it is to notice damage, not deceit."""
    total = 0
    with open(path, "rb") as file:
        while block := file.read(1 << 20):
            total = zlib.crc32(block, total)
    return [path.stat().st_size, total]


def content_fingerprint(content: object) -> str:
    """SHA-256 of anything that JSON knows."""
    return hashlib.sha256(json.dumps(content, sort_keys=True).encode()).hexdigest()
