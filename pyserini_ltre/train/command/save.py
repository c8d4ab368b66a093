"""What the commands of all trainings share: reading judgements, training with checkpoints, saving, telling."""

import errno
import shlex
import sys
from collections.abc import Callable
from pathlib import Path

from accelerate import PartialState
from transformers.utils import logging

from pyserini_ltre import registry
from pyserini_ltre.collection import Qrels, Queries, read_judged_queries
from pyserini_ltre.errors import InputError, system_error
from pyserini_ltre.files import check_output_directory, expanded
from pyserini_ltre.outputs import check_outputs
from pyserini_ltre.train.command.arguments import DevOptions, JudgedOptions, OutputOptions, SavingOptions
from pyserini_ltre.train.feedback.result import FeedbackResult
from pyserini_ltre.train.loop.checkpoints import can_resume, check_checkpoint_folder, remove_checkpoints
from pyserini_ltre.train.loop.result import HELD_OUT_FILE, TrainingResult

Judgements = tuple[Queries, Qrels]


def prepare(files: DevOptions, output: SavingOptions, *others: object) -> None:
    """Refuse what would be found out later, and keep transformers quiet; `others` are groups that name inputs."""
    if (files.dev_queries is None) != (files.dev_qrels is None):
        raise InputError(
            "`dev_queries` and `dev_qrels` belong together; give both, or neither to hold queries out"
        )
    given = {name: value for group in (*others, files, output) for name, value in vars(group).items()}
    if isinstance(given.get("index"), str):
        given["index"] = registry.find_index(given["index"])
    given.pop("tensorboard", None)  # event files are added there, nothing is replaced
    check_outputs(given, overwrite=output.overwrite)
    check_checkpoint_folder(_checkpoints_of(check_output_directory(output.output, output.overwrite)))
    logging.set_verbosity_error()
    logging.disable_progress_bar()


def _checkpoints_of(output: Path) -> Path:
    """Where the checkpoints of a training are, beside its output."""
    return output.with_name(f"{output.name}.checkpoints")


def read_judged(files: JudgedOptions) -> tuple[Judgements, Judgements | None]:
    """Read training queries and dev queries, each with judgements of at least one of them."""
    train = read_judged_queries(files.queries, files.qrels)
    if files.dev_queries is None or files.dev_qrels is None:
        return train, None
    return train, read_judged_queries(files.dev_queries, files.dev_qrels)


def this_command() -> str:
    """The command that is running, as somebody would type it."""
    return shlex.join(["python", "-m", "pyserini_ltre.train", *sys.argv[1:]])


def train_and_save(fit: Callable[..., TrainingResult], output: OutputOptions) -> None:
    """Train with checkpoints beside the output, save what is best, and remove the checkpoints.

    `fit` takes ``checkpoints`` and ``resume``.
    """
    directory = expanded(output.output).absolute()
    checkpoints = _checkpoints_of(directory)
    try:
        result = fit(checkpoints=checkpoints, resume=output.resume)
        processes = PartialState()
        processes.wait_for_everyone()
        if not processes.is_main_process:
            return
        result.save(directory, output.overwrite, command=this_command())
    except Exception as error:
        if system_error(error) != errno.ENOSPC:
            raise
        if not can_resume(checkpoints):
            remove_checkpoints(checkpoints)
            raise
        raise InputError(
            f"no space left while saving; the last whole checkpoint is in {checkpoints}: "
            "free some space and run the same command with `resume`"
        ) from None
    remove_checkpoints(checkpoints)
    tell(result, output)


def tell(result: TrainingResult | FeedbackResult, output: SavingOptions) -> None:
    """Print what came of it, once it is saved; see `tell_saved`."""
    print(result)
    if result.dev.held_out:
        print(f"dev queries: held out of the training queries, named in {output.output}/{HELD_OUT_FILE}")
    tell_saved(output)


def tell_saved(output: SavingOptions) -> None:
    """Register what was saved, if that is wanted, and print where it is."""
    if output.register is not None:
        registry.register("encoders", output.register, path=str(expanded(output.output).absolute()))
    print(f"saved in {output.output}" + (f", registered as {output.register}" if output.register else ""))
