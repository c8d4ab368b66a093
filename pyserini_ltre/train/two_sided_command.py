"""The command line of both sides: ``python -m pyserini_ltre.train warmup|star``."""

from dataclasses import asdict
from functools import partial

from transformers import HfArgumentParser

from pyserini_ltre.collection import open_collection
from pyserini_ltre.errors import InputError
from pyserini_ltre.train.arguments import (
    EncoderArguments,
    JudgedArguments,
    PairArguments,
    RunArguments,
    ScheduleArguments,
)
from pyserini_ltre.train.command import load_encoder, prepare, read_judged, train_and_save
from pyserini_ltre.train.negatives import IN_BATCH, RANDOM
from pyserini_ltre.train.schedule import Schedule
from pyserini_ltre.train.two_sided import TwoSidedTrainer

GROUPS = (EncoderArguments, PairArguments, JudgedArguments, ScheduleArguments, RunArguments)


def train_both_sides(method: str, argv: list[str]) -> None:
    """Train one encoder for queries and documents."""
    parser = HfArgumentParser(GROUPS, prog=f"python -m pyserini_ltre.train {method}", description=__doc__)
    model, pairs, judged, schedule, run = parser.parse_args_into_dataclasses(argv, look_for_args_file=False)
    prepare(model)
    if model.encoder is None:
        raise InputError("give --encoder: the model directory or hub name to start from")
    train, dev = read_judged(judged)
    options = asdict(pairs)
    collection = open_collection(options.pop("collection"))
    length = options.pop("document_max_length")
    options["negatives"] = _negatives(method, options["negatives"])
    encoder = load_encoder(model)
    encoder.update_settings(document_max_length=length)
    trainer = TwoSidedTrainer(
        encoder,
        collection,
        schedule=Schedule(**asdict(schedule)),
        tensorboard=run.tensorboard,
        **options,
    )
    train_and_save(
        partial(trainer.fit, *train, dev=dev), trainer.description, model, run, held_out=dev is None
    )


def _negatives(method: str, named: list[str]) -> tuple[str, ...]:
    """What a method draws from: STAR always has the batch's documents beside the mined ones."""
    if method == "warmup":
        return tuple(named)
    if not set(named) - {IN_BATCH, RANDOM}:
        raise InputError(
            "star needs mined negatives: make a run of the training queries with python -m pyserini_ltre.mine, "
            "and name it with --negatives"
        )
    return tuple(dict.fromkeys([IN_BATCH, *named]))
