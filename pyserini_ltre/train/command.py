"""What the commands of all trainings share: reading judgements, running, saving whole, and telling."""

import errno
import platform
import shlex
import shutil
import sys
from collections.abc import Callable
from contextlib import suppress
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path

from accelerate import PartialState
from transformers.utils import logging

from pyserini_ltre import registry
from pyserini_ltre.collection import Qrels, Queries, read_judged_queries
from pyserini_ltre.encode.model import BiEncoder
from pyserini_ltre.errors import InputError
from pyserini_ltre.eval.pictures import draw_training
from pyserini_ltre.files import atomic_directory, check_output_directory
from pyserini_ltre.train.arguments import EncoderArguments, JudgedArguments, RunArguments
from pyserini_ltre.train.development import MEASURE
from pyserini_ltre.train.result import TrainingResult

Judgements = tuple[Queries, Qrels]


def prepare(model: EncoderArguments) -> None:
    """Refuse what would be found out at the end only, and keep transformers quiet."""
    check_output_directory(model.output, model.overwrite)
    if model.register is not None and model.register not in registry.METHODS:
        raise InputError(f"--register {model.register}: use one of {', '.join(registry.METHODS)}")
    logging.set_verbosity_error()
    logging.disable_progress_bar()


def load_encoder(model: EncoderArguments) -> BiEncoder:
    """Load the encoder to start from with the settings of the command line."""
    location = registry.find_encoder(model.encoder)
    encoder = BiEncoder.load(location, pooling=model.pooling, allow_partial=model.allow_partial)
    encoder.to(model.device)
    encoder.update_settings(query_prefix=model.query_prefix, query_max_length=model.query_max_length)
    return encoder


def read_judged(data: JudgedArguments) -> tuple[Judgements, Judgements | None]:
    """Read training queries and dev queries, each with judgements of at least one of them."""
    if (data.dev_queries is None) != (data.dev_qrels is None):
        raise InputError(
            "--dev-queries and --dev-qrels belong together; give both, or neither to hold queries out"
        )
    train = read_judged_queries(data.queries, data.qrels)
    return train, read_judged_queries(data.dev_queries, data.dev_qrels) if data.dev_queries else None


def train_and_save(
    fit: Callable[..., TrainingResult],
    describe: Callable[[TrainingResult], dict[str, object]],
    model: EncoderArguments,
    run: RunArguments,
    held_out: bool,
) -> None:
    """Train with checkpoints beside the output, save what is best, and remove the checkpoints.

    `fit` takes ``checkpoints`` and ``resume``; `describe` gives what ``pyserini_ltre.json`` records.
    """
    output = Path(model.output).expanduser().absolute()
    checkpoints = output.with_name(f"{output.name}.checkpoints")
    try:
        result = fit(checkpoints=checkpoints, resume=run.resume)
        processes = PartialState()
        processes.wait_for_everyone()
        if not processes.is_main_process:
            return
        _save(output, describe(result), result, model, held_out)
    except OSError as error:
        if error.errno != errno.ENOSPC:
            raise
        raise InputError(
            f"no space left while saving; the last whole checkpoint is in {checkpoints}: "
            "free some space and run the same command with --resume"
        ) from None
    shutil.rmtree(checkpoints, ignore_errors=True)


def _save(
    output: Path,
    description: dict[str, object],
    result: TrainingResult,
    model: EncoderArguments,
    held_out: bool,
) -> None:
    """Write the model directory whole, register it if asked, and tell."""
    with atomic_directory(output, model.overwrite) as directory:
        command = shlex.join(["python", "-m", "pyserini_ltre.train", *sys.argv[1:]])
        result.encoder.save(directory, **description, command=command, versions=versions())
        draw_training(
            directory / "training.png", result.curve, result.losses, f"dev {MEASURE}", result.best_step
        )
        if held_out:
            lines = "".join(f"{qid}\n" for qid in result.dev.queries)
            (directory / "held_out_queries.txt").write_text(lines, encoding="utf-8")
    print(result)
    if held_out:
        print(f"dev queries: held out of the training queries, named in {model.output}/held_out_queries.txt")
    if model.register is not None:
        registry.register("encoders", model.register, path=str(output))
    print(f"saved in {model.output}" + (f", registered as {model.register}" if model.register else ""))


def versions() -> dict[str, str]:
    """Versions of what the result depends on."""
    found = {"python": platform.python_version()}
    for package in ("pyserini-ltre", "torch", "transformers", "faiss-cpu"):
        with suppress(PackageNotFoundError):  # a checkout that is not installed, faiss-gpu
            found[package] = version(package)
    return found
