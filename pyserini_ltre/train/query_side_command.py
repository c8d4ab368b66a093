"""The command line of the query side: ``python -m pyserini_ltre.train adore|ltre|softmax``."""

from dataclasses import asdict
from functools import partial

import numpy as np
from transformers import HfArgumentParser

from pyserini_ltre import registry
from pyserini_ltre.encode.model import BiEncoder
from pyserini_ltre.errors import InputError
from pyserini_ltre.index import IndexDirectory
from pyserini_ltre.index.originals import read_vectors
from pyserini_ltre.train.arguments import (
    IndexArguments,
    JudgedArguments,
    ObjectiveArguments,
    QuerySideArguments,
    RunArguments,
    ScheduleArguments,
)
from pyserini_ltre.train.command import Judgements, load_encoder, prepare, read_judged, train_and_save
from pyserini_ltre.train.data import judged_queries
from pyserini_ltre.train.query_side import QuerySideTrainer
from pyserini_ltre.train.schedule import Schedule
from pyserini_ltre.train.trainable.given_vectors import GivenVectors

GROUPS = (
    QuerySideArguments,
    IndexArguments,
    JudgedArguments,
    ObjectiveArguments,
    ScheduleArguments,
    RunArguments,
)


def train_query_side(objective: str, argv: list[str]) -> None:
    """Train the query side of an index that stays as it is."""
    parser = HfArgumentParser(GROUPS, prog=f"python -m pyserini_ltre.train {objective}", description=__doc__)
    model, data, judged, options, schedule, run = parser.parse_args_into_dataclasses(
        argv, look_for_args_file=False
    )
    prepare(model)
    _check_combinations(model, data, judged)
    train, dev = read_judged(judged)
    index = IndexDirectory(registry.find("indexes", data.index))
    query_vectors = _read_query_vectors(data, train, dev, index.dimension)
    judged_queries(*train, index.row_of, judged.qrels)  # an error names the file, before anything slow
    if dev is not None:
        judged_queries(*dev, index.row_of, judged.dev_qrels)
    trainer = QuerySideTrainer(
        _encoder(model, query_vectors),
        index,
        objective,
        model.trainable,
        Schedule(**asdict(schedule)),
        **asdict(options),
        backend=data.search_backend,
        vectors=data.vectors,
        tensorboard=run.tensorboard,
    )
    fit = partial(trainer.fit, *train, dev=dev, query_vectors=query_vectors)
    train_and_save(fit, trainer.description, model, run, held_out=dev is None)


def _encoder(
    model: QuerySideArguments, query_vectors: dict[str, np.ndarray] | None
) -> BiEncoder | GivenVectors:
    """The encoder to start from, or what stands in for it where only vectors are given."""
    if model.encoder is not None:
        return load_encoder(model)
    vectors = np.stack(list(query_vectors.values()))
    unit = bool(np.allclose(np.linalg.norm(vectors, axis=1), 1.0, atol=1e-3))
    return GivenVectors(vectors.shape[1], normalises=unit)


def _read_query_vectors(
    data: IndexArguments, train: Judgements, dev: Judgements | None, dimension: int
) -> dict[str, np.ndarray] | None:
    """Read the frozen embeddings of all queries, if given: a row for each line of the query file."""
    if data.query_vectors is None:
        return None
    vectors = {}
    for file, texts in ((data.query_vectors, train[0]), (data.dev_query_vectors, dev[0] if dev else {})):
        if file is None:
            continue
        rows = read_vectors(file, dimension)
        if len(rows) != len(texts):
            raise InputError(
                f"{file}: {len(rows)} rows for {len(texts)} queries; give a row for each, in their order"
            )
        vectors |= dict(zip(texts, rows, strict=True))
    return vectors


def _check_combinations(model: QuerySideArguments, data: IndexArguments, judged: JudgedArguments) -> None:
    """Refuse options that do not go together before anything is read."""
    if data.query_vectors is None:
        if model.encoder is None:
            raise InputError("give --encoder, or --query-vectors with --trainable adapter")
    elif model.trainable != "adapter":
        raise InputError(
            "--query-vectors is for --trainable adapter; the others encode the queries at each step"
        )
    elif (judged.dev_queries is None) != (data.dev_query_vectors is None):
        raise InputError(
            "with --query-vectors, --dev-queries and --dev-query-vectors belong together; give both"
        )
