"""The command line of the query side: ``python -m pyserini_ltre.train adore|ltre|softmax``."""

from functools import partial

import numpy as np

from pyserini_ltre import registry
from pyserini_ltre.cluster import RaySearchOptions
from pyserini_ltre.collection.judged import judged_queries
from pyserini_ltre.encode.encoder_options import QueryEncoderOptions
from pyserini_ltre.errors import InputError
from pyserini_ltre.index.opening import opened_directory
from pyserini_ltre.index.originals import read_vectors
from pyserini_ltre.options import option, option_group, parse_options
from pyserini_ltre.queries import QueryMaking
from pyserini_ltre.train.command.arguments import JudgedOptions, OutputOptions, QuerySideOptions
from pyserini_ltre.train.command.save import Judgements, prepare, read_judged, train_and_save
from pyserini_ltre.train.command.stages import Stages
from pyserini_ltre.train.command.unjudged import TeacherOptions, gather
from pyserini_ltre.train.loop.schedule import Schedule
from pyserini_ltre.train.losses.objective import Objective
from pyserini_ltre.train.query_side import QuerySideTrainer
from pyserini_ltre.train.trainable.given_vectors import GivenVectors


@option_group
class UnjudgedOptions:
    """Learning from what nobody has judged, at each step beside what somebody has; see ``train distil``."""

    collection: str | None = option(
        "folder (BEIR, MS MARCO), Hugging Face data set, or python-stdlib, of whose documents queries are made",
        default=None,
    )
    unjudged: str | None = option(
        "queries without judgements, such as a log: tsv (id, text) or BEIR jsonl (None: those made of the collection)",
        default=None,
    )


GROUPS = (
    QueryEncoderOptions,
    QuerySideOptions,
    RaySearchOptions,
    JudgedOptions,
    UnjudgedOptions,
    QueryMaking,
    TeacherOptions,
    Objective,
    Schedule,
    OutputOptions,
)


def train_query_side(method: str, argv: list[str]) -> None:
    """Train the query side of an index that stays as it is."""
    groups = parse_options(f"pyserini_ltre.train {method}", __doc__, GROUPS, ["--method", method, *argv])
    encoder, side, cluster, files, more, making, teacher, objective, schedule, output = groups
    if side.query_vectors is None:
        encoder = encoder.of_index(side.index)
    prepare(files, output, encoder, side, more, teacher)
    _check_combinations(encoder, side, files, more)
    train, dev = read_judged(files)
    with opened_directory(registry.find_index(side.index), cluster.ray, cluster.ray_device) as index:
        vectors = _read_query_vectors(side, train, dev, index.dimension)
        # Before anything slow, and with the name of the file.
        judged = judged_queries(*train, index.row_of, files.qrels)
        chosen_on = None if dev is None else judged_queries(*dev, index.row_of, str(files.dev_qrels))
        trainer = QuerySideTrainer(
            _stand_in(vectors) if vectors and encoder.encoder is None else encoder.load(),
            index,
            objective,
            side.trainable,
            schedule,
            search_backend=side.search_backend,
            vectors=side.vectors,
            tensorboard=output.tensorboard,
        )
        fit = partial(trainer.fit_judged, judged, chosen_on, vectors)
        if more.collection is None and more.unjudged is None:
            train_and_save(fit, output)
            return
        stages = Stages()
        unjudged = gather(teacher, making, more.collection, more.unjudged, index, trainer.encoder, stages)
        train_and_save(partial(fit, unjudged=unjudged), output)
        stages.end("training")
        print(stages)


def _stand_in(query_vectors: dict[str, np.ndarray]) -> GivenVectors:
    """What stands in for the encoder where only vectors are given."""
    vectors = np.stack(list(query_vectors.values()))
    unit = bool(np.allclose(np.linalg.norm(vectors, axis=1), 1.0, atol=1e-3))
    return GivenVectors(vectors.shape[1], normalises=unit)


def _read_query_vectors(
    side: QuerySideOptions, train: Judgements, dev: Judgements | None, dimension: int
) -> dict[str, np.ndarray] | None:
    """Read the frozen embeddings of all queries, if given: a row for each line of the query file."""
    if side.query_vectors is None:
        return None
    vectors: dict[str, np.ndarray] = {}
    for file, texts in ((side.query_vectors, train[0]), (side.dev_query_vectors, dev[0] if dev else {})):
        if file is None:
            continue
        rows = read_vectors(file, dimension)
        if len(rows) != len(texts):
            raise InputError(
                f"{file}: {len(rows)} rows for {len(texts)} queries; give a row for each, in their order"
            )
        sound = np.isfinite(rows).all(axis=1)
        if not sound.all():
            raise InputError(f"{file}: row {int(np.argmin(sound))} is not finite; encode this query again")
        vectors |= dict(zip(texts, rows, strict=True))
    return vectors


def _check_combinations(
    encoder: QueryEncoderOptions, side: QuerySideOptions, files: JudgedOptions, more: UnjudgedOptions
) -> None:
    """Refuse options that do not go together before anything is read."""
    if side.query_vectors is not None and (more.collection or more.unjudged):
        raise InputError(
            "unjudged queries have to be encoded; with `query_vectors`, leave `collection` and `unjudged` out"
        )
    if side.query_vectors is None:
        if encoder.encoder is None:
            raise InputError("give `encoder`, or `query_vectors` with `trainable` adapter")
    elif side.trainable != "adapter":
        raise InputError(
            "`query_vectors` is for `trainable` adapter; the others encode the queries at each step"
        )
    elif (files.dev_queries is None) != (side.dev_query_vectors is None):
        raise InputError(
            "with `query_vectors`, `dev_queries` and `dev_query_vectors` belong together; give both"
        )
