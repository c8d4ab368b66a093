"""Checkpoints that survive a kill at any moment, and are only resumed by the training that made them."""

import hashlib
import json
import os
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import torch
from accelerate import PartialState
from transformers import TrainerCallback, TrainerControl, TrainerState, TrainingArguments

from pyserini_ltre.errors import InputError
from pyserini_ltre.files import atomic_file

COMPLETE = "complete"
IDENTITY = "training.json"


class MarkComplete(TrainerCallback):
    """Mark a checkpoint once all its files are written: one without the mark was cut off."""

    def on_save(
        self, args: TrainingArguments, state: TrainerState, control: TrainerControl, **unused: object
    ) -> None:
        """Called by the Trainer after it has written a checkpoint."""
        if state.is_world_process_zero:
            (Path(str(args.output_dir)) / f"checkpoint-{state.global_step}" / COMPLETE).touch()


@contextmanager
def checkpoint_folder(folder: str | os.PathLike[str] | None) -> Iterator[Path]:
    """The folder for checkpoints; if none is given, one that is removed at the end."""
    if folder is not None:
        yield Path(folder)
        return
    with tempfile.TemporaryDirectory(prefix="pyserini-ltre-") as temporary:
        yield Path(temporary)


def prepare_checkpoints(folder: Path, identity: dict[str, object], resume: bool) -> Path | None:
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
    Path or None
        The checkpoint to go on from; None to begin anew.

    Raises
    ------
    InputError
        If `resume` is asked of checkpoints of another training: what differs is named.
    """
    identity = json.loads(json.dumps(identity))
    file = folder / IDENTITY
    whole: list[Path] = []
    if resume and file.is_file():
        known = json.loads(file.read_text(encoding="utf-8"))
        differing = [name for name in identity if identity[name] != known.get(name)]
        if differing:
            raise InputError(
                f"{folder}: these checkpoints are of another {', '.join(differing)}; "
                "give what that training had, or leave `resume` out to begin anew"
            )
        whole = [mark.parent for mark in folder.glob(f"checkpoint-*/{COMPLETE}")]
        whole.sort(key=lambda path: int(path.name.rpartition("-")[2]))
    if PartialState().is_main_process:  # of several processes, one cleans up
        for path in folder.glob("checkpoint-*"):
            if path not in whole:
                shutil.rmtree(path)
        with atomic_file(file) as output:
            json.dump(identity, output, indent=2)
    return whole[-1] if whole else None


def weights_fingerprint(module: torch.nn.Module) -> str:
    """SHA-256 of all weights of a module."""
    digest = hashlib.sha256()
    for name, value in module.state_dict().items():
        digest.update(name.encode())
        digest.update(value.detach().cpu().contiguous().flatten().view(torch.uint8).numpy().tobytes())
    return digest.hexdigest()


def content_fingerprint(content: object) -> str:
    """SHA-256 of anything that JSON knows."""
    return hashlib.sha256(json.dumps(content, sort_keys=True).encode()).hexdigest()
