"""Train the query side: ``python -m pyserini_ltre.train adore|ltre|softmax --index DIR --encoder MODEL ...``."""

import errno
import platform
import shlex
import shutil
import sys
from contextlib import suppress
from dataclasses import asdict
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path

import numpy as np
from accelerate import PartialState
from transformers import HfArgumentParser
from transformers.utils import logging

from pyserini_ltre import registry
from pyserini_ltre.collection import Qrels, Queries, read_qrels, read_queries
from pyserini_ltre.encode.model import BiEncoder
from pyserini_ltre.errors import InputError, exit_on_input_error
from pyserini_ltre.eval.pictures import draw_training
from pyserini_ltre.files import check_output_directory, whole_directory
from pyserini_ltre.index import IndexDirectory
from pyserini_ltre.index.originals import read_vectors
from pyserini_ltre.train.arguments import (
    DataArguments,
    ModelArguments,
    ObjectiveArguments,
    RunArguments,
    ScheduleArguments,
)
from pyserini_ltre.train.data import judged_queries
from pyserini_ltre.train.development import MEASURE
from pyserini_ltre.train.objective import OBJECTIVES
from pyserini_ltre.train.query_side import QuerySideTrainer
from pyserini_ltre.train.result import TrainingResult
from pyserini_ltre.train.schedule import Schedule
from pyserini_ltre.train.trainable.given_vectors import GivenVectors

GROUPS = (ModelArguments, DataArguments, ObjectiveArguments, ScheduleArguments, RunArguments)


@exit_on_input_error
def main(argv: list[str] | None = None) -> None:
    """Train, print what came of it, and save the encoder that was best on dev."""
    parser = HfArgumentParser(GROUPS, prog="python -m pyserini_ltre.train", description=__doc__)
    parser.add_argument("objective", choices=OBJECTIVES, help="rank-weighted pairs, RankNet, or softmax")
    model, data, objective, schedule, run, rest = parser.parse_args_into_dataclasses(
        sys.argv[1:] if argv is None else argv, look_for_args_file=False
    )
    check_output_directory(model.output, model.overwrite)
    _check_combinations(model, data)
    logging.set_verbosity_error()
    logging.disable_progress_bar()
    queries, qrels = read_judged(data.queries, data.qrels)
    dev = read_judged(data.dev_queries, data.dev_qrels) if data.dev_queries else None
    index = IndexDirectory(registry.find("indexes", data.index))
    query_vectors = read_query_vectors(data, queries, dev, index.index.d)
    judged_queries(queries, qrels, index.row_of, data.qrels)  # an error names the file, before anything slow
    if dev is not None:
        judged_queries(*dev, index.row_of, data.dev_qrels)
    trainer = QuerySideTrainer(
        load_encoder(model, query_vectors),
        index,
        rest.objective,
        model.trainable,
        Schedule(**asdict(schedule)),
        **asdict(objective),
        backend=data.search_backend,
        vectors=data.vectors,
        tensorboard=run.tensorboard,
    )
    output = Path(model.output).expanduser().absolute()
    checkpoints = output.with_name(f"{output.name}.checkpoints")
    try:
        result = trainer.fit(queries, qrels, dev, query_vectors, checkpoints, run.resume)
        processes = PartialState()
        processes.wait_for_everyone()
        if not processes.is_main_process:
            return
        save(output, trainer, result, model, held_out=dev is None)
    except OSError as error:
        if error.errno != errno.ENOSPC:
            raise
        raise InputError(
            f"no space left while saving; the last whole checkpoint is in {checkpoints}: "
            "free some space and run the same command with --resume"
        ) from None
    shutil.rmtree(checkpoints, ignore_errors=True)


def save(
    output: Path, trainer: QuerySideTrainer, result: TrainingResult, model: ModelArguments, held_out: bool
) -> None:
    """Write the model directory whole, register it if asked, and tell."""
    with whole_directory(output, model.overwrite) as directory:
        made = {
            "command": shlex.join(["python", "-m", "pyserini_ltre.train", *sys.argv[1:]]),
            "versions": versions(),
        }
        result.encoder.save(directory, **trainer.description(result), **made)
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


def load_encoder(
    model: ModelArguments, query_vectors: dict[str, np.ndarray] | None
) -> BiEncoder | GivenVectors:
    """Load the encoder to start from with the settings of the command line."""
    if model.encoder is None:
        vectors = np.stack(list(query_vectors.values()))
        unit = bool(np.allclose(np.linalg.norm(vectors, axis=1), 1.0, atol=1e-3))
        return GivenVectors(vectors.shape[1], normalises=unit)
    name = (
        registry.encoder_directory(model.encoder)
        if registry.is_encoder_name(model.encoder)
        else model.encoder
    )
    encoder = BiEncoder.load(name, pooling=model.pooling).to(model.device)
    return encoder.with_settings(query_prefix=model.query_prefix, query_max_length=model.query_max_length)


def read_judged(queries: str, qrels: str) -> tuple[Queries, Qrels]:
    """Read queries and judgements that have at least one query in common."""
    texts, judgements = read_queries(queries), read_qrels(qrels)
    if texts.keys().isdisjoint(judgements):
        raise InputError(
            f"{qrels}: judges none of the queries in {queries}; give the judgements of these queries"
        )
    return texts, judgements


def read_query_vectors(
    data: DataArguments, queries: Queries, dev: tuple[Queries, Qrels] | None, dimension: int
) -> dict[str, np.ndarray] | None:
    """Read the frozen embeddings of all queries, if given: a row for each line of the query file."""
    if data.query_vectors is None:
        return None
    vectors = {}
    for file, texts in ((data.query_vectors, queries), (data.dev_query_vectors, dev[0] if dev else {})):
        if file is None:
            continue
        rows = read_vectors(file, dimension)
        if len(rows) != len(texts):
            raise InputError(
                f"{file}: {len(rows)} rows for {len(texts)} queries; give a row for each, in their order"
            )
        vectors |= dict(zip(texts, rows, strict=True))
    return vectors


def _check_combinations(model: ModelArguments, data: DataArguments) -> None:
    """Refuse options that do not go together before anything is read."""
    if model.register is not None and model.register not in registry.METHODS:
        raise InputError(f"--register {model.register}: use one of {', '.join(registry.METHODS)}")
    if (data.dev_queries is None) != (data.dev_qrels is None):
        raise InputError(
            "--dev-queries and --dev-qrels belong together; give both, or neither to hold queries out"
        )
    if data.query_vectors is None:
        if model.encoder is None:
            raise InputError("give --encoder, or --query-vectors with --trainable adapter")
    elif model.trainable != "adapter":
        raise InputError(
            "--query-vectors is for --trainable adapter; the others encode the queries at each step"
        )
    elif (data.dev_queries is None) != (data.dev_query_vectors is None):
        raise InputError(
            "with --query-vectors, --dev-queries and --dev-query-vectors belong together; give both"
        )


if __name__ == "__main__":
    main()
