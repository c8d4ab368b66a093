"""The command line of both sides: ``python -m pyserini_ltre.train warmup|star``."""

from dataclasses import replace
from functools import partial

from pyserini_ltre.collection import open_collection
from pyserini_ltre.encode.encoder_options import SharedEncoderOptions
from pyserini_ltre.errors import InputError
from pyserini_ltre.options import parse_options
from pyserini_ltre.train.command.arguments import CollectionOptions, JudgedOptions, OutputOptions
from pyserini_ltre.train.command.save import prepare, read_judged, train_and_save
from pyserini_ltre.train.loop.schedule import Schedule
from pyserini_ltre.train.losses.pair_objective import IN_BATCH, RANDOM, PairObjective
from pyserini_ltre.train.trainable.both_sides import MemoryOptions
from pyserini_ltre.train.two_sided import TwoSidedTrainer

GROUPS = (
    SharedEncoderOptions,
    CollectionOptions,
    JudgedOptions,
    PairObjective,
    MemoryOptions,
    Schedule,
    OutputOptions,
)


def train_both_sides(method: str, argv: list[str]) -> None:
    """Train one encoder for queries and documents."""
    encoder, documents, files, objective, memory, schedule, output = parse_options(
        f"pyserini_ltre.train {method}", __doc__, GROUPS, argv
    )
    prepare(files, output, encoder, documents, objective)
    if method == "star":
        objective = _with_in_batch(objective)
    train, dev = read_judged(files)
    collection = open_collection(documents.collection)
    trainer = TwoSidedTrainer(
        encoder.load(), collection, objective, schedule, memory, tensorboard=output.tensorboard
    )
    train_and_save(partial(trainer.fit, *train, dev=dev), output)


def _with_in_batch(objective: PairObjective) -> PairObjective:
    """STAR always has the batch's documents beside the mined ones."""
    if not set(objective.negatives) - {IN_BATCH, RANDOM}:
        raise InputError(
            "star needs mined negatives: make a run of the training queries with python -m pyserini_ltre.mine, "
            "and name it with `negatives`"
        )
    return replace(objective, negatives=list(dict.fromkeys([IN_BATCH, *objective.negatives])))
