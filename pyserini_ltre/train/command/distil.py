"""The command line without judgements: ``python -m pyserini_ltre.train distil``.

Queries are made from the documents, or given; a teacher answers them, the frozen encoder fused with BM25, or given; the
query side learns to rank as the teacher does. The last weights are kept, unless made queries that were held out find
their documents worse; or those that are best on judged queries, if some are given. No other judgements are read.
"""

from functools import partial

from pyserini_ltre import registry
from pyserini_ltre.cluster import RaySearchOptions
from pyserini_ltre.collection import read_judged_queries
from pyserini_ltre.collection.judged import judged_queries
from pyserini_ltre.encode.encoder_options import QueryEncoderOptions
from pyserini_ltre.index.opening import opened_directory
from pyserini_ltre.options import option, option_group, parse_options
from pyserini_ltre.queries import QueryMaking
from pyserini_ltre.train.command.arguments import DevOptions, IndexOptions, OutputOptions
from pyserini_ltre.train.command.save import prepare, train_and_save
from pyserini_ltre.train.command.stages import Stages
from pyserini_ltre.train.command.unjudged import TeacherOptions, gather
from pyserini_ltre.train.distil import DistilTrainer
from pyserini_ltre.train.loop.schedule import Schedule
from pyserini_ltre.train.losses.distillation import DistilObjective


@option_group
class UnjudgedOptions(DevOptions):
    """Documents, queries that nobody has judged, and what to choose the encoder on."""

    collection: str = option("folder (BEIR, MS MARCO), Hugging Face data set, or python-stdlib")
    queries: str | None = option(
        "queries to train on, such as a log: tsv (id, text) or BEIR jsonl (None: made ones)", default=None
    )


GROUPS = (
    QueryEncoderOptions,
    IndexOptions,
    RaySearchOptions,
    UnjudgedOptions,
    QueryMaking,
    TeacherOptions,
    DistilObjective,
    Schedule,
    OutputOptions,
)


def train_unjudged(method: str, argv: list[str]) -> None:
    """Train the query side of an index that stays as it is, without judgements."""
    groups = parse_options(f"pyserini_ltre.train {method}", __doc__, GROUPS, argv)
    encoder_options, side, cluster, files, making, teacher, objective, schedule, output = groups
    encoder_options = encoder_options.of_index(side.index)
    prepare(files, output, encoder_options, side, making, teacher)
    stages = Stages()
    with opened_directory(registry.find_index(side.index), cluster.ray, cluster.ray_device) as index:
        dev = None
        if files.dev_queries is not None:
            judged = read_judged_queries(files.dev_queries, files.dev_qrels)
            dev = judged_queries(*judged, index.row_of, files.dev_qrels)
        encoder = encoder_options.load()
        trainer = DistilTrainer(
            encoder,
            index,
            objective,
            side.trainable,
            schedule,
            search_backend=side.search_backend,
            vectors=side.vectors,
            tensorboard=output.tensorboard,
        )
        unjudged = gather(teacher, making, files.collection, files.queries, index, encoder, stages)
        train_and_save(partial(trainer.fit, unjudged, dev), output)
        stages.end("training")
        print(stages)
