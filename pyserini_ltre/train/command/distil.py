"""The command line without judgements: ``python -m pyserini_ltre.train distil``.

Queries are made from the documents, or given; a teacher answers them, the frozen encoder fused with BM25, or given; the
query side learns to rank as the teacher does. A tenth of the made queries, with the documents that they are made of,
decides which weights are kept. No judgements are read.
"""

import time
from functools import partial

from pyserini_ltre import registry
from pyserini_ltre.collection import (
    Collection,
    Queries,
    Run,
    near_duplicates,
    open_collection,
    read_queries,
    read_run,
)
from pyserini_ltre.collection.judged import hold_out, judged_queries
from pyserini_ltre.encode.encoder_options import QueryEncoderOptions
from pyserini_ltre.encode.model import BiEncoder
from pyserini_ltre.errors import InputError
from pyserini_ltre.index import IndexDirectory
from pyserini_ltre.options import Fraction, option, option_group, parse_options
from pyserini_ltre.queries import QueryMaking, make_queries
from pyserini_ltre.run.fuse import reciprocal_rank
from pyserini_ltre.train.command.arguments import IndexOptions, OutputOptions
from pyserini_ltre.train.command.save import keep_quiet, train_and_save
from pyserini_ltre.train.data.teacher import fused_teacher
from pyserini_ltre.train.distil import DistilTrainer
from pyserini_ltre.train.loop.schedule import Schedule
from pyserini_ltre.train.losses.distillation import DistilObjective


@option_group
class UnjudgedOptions:
    """Documents, queries that nobody has judged, and who teaches."""

    collection: str = option("folder (BEIR, MS MARCO), Hugging Face data set, or python-stdlib")
    queries: str | None = option(
        "queries to train on, such as a log: tsv (id, text) or BEIR jsonl (None: made ones)", default=None
    )
    exclude: str | None = option(
        "queries that no training query may be, or be nearly like: those that you will test on", default=None
    )
    teacher: list[str] | None = option(
        "TREC runs of --queries, fused by reciprocal ranks if several (None: the frozen encoder with BM25)",
        default=None,
    )
    lucene: str | None = option("Lucene index of the collection (None: made, and removed)", default=None)
    bm25_weight: Fraction = option("weight of BM25 in the teacher; the encoder has the rest", default=0.3)


GROUPS = (
    QueryEncoderOptions,
    IndexOptions,
    UnjudgedOptions,
    QueryMaking,
    DistilObjective,
    Schedule,
    OutputOptions,
)


def train_unjudged(method: str, argv: list[str]) -> None:
    """Train the query side of an index that stays as it is, without judgements."""
    encoder_options, side, unjudged, making, objective, schedule, output = parse_options(
        f"pyserini_ltre.train {method}", __doc__, GROUPS, argv
    )
    keep_quiet(output)
    if unjudged.teacher and not unjudged.queries:
        raise InputError("`teacher` answers the queries of `queries`; give both")
    clock = [time.perf_counter()]
    seconds: dict[str, float] = {}

    def lap(stage: str) -> None:
        clock.append(time.perf_counter())
        seconds[stage] = round(clock[-1] - clock[-2], 1)

    collection = open_collection(unjudged.collection)
    index = IndexDirectory(registry.find("indexes", side.index))
    exclude = read_queries(unjudged.exclude) if unjudged.exclude else None
    made = make_queries(collection, making, exclude, progress=True)
    known = judged_queries(made.queries, made.sources, index.row_of, "made queries")
    if known.missing_documents:
        print(f"{known.missing_documents} made queries are of documents that the index lacks: left out")
    if made.left_out:
        print(f"{made.left_out} made queries were test queries, or nearly so: left out")
    train, dev = hold_out(known)
    queries, sources = train.queries, train.qrels
    if unjudged.queries is not None:
        queries, sources = read_queries(unjudged.queries), {}
        repeated = near_duplicates(queries, exclude) if exclude else {}
        if repeated:
            print(f"{len(repeated)} queries of {unjudged.queries} are test queries, or nearly so: left out")
            queries = {qid: text for qid, text in queries.items() if qid not in repeated}
    lap("queries")
    encoder = encoder_options.load()
    teacher, name = _teacher(unjudged, index, encoder, collection, queries)
    lap("teacher")
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
    fit = partial(trainer.fit, queries, teacher, dev, sources, name)
    train_and_save(fit, output)
    lap("training")
    print("seconds: " + ", ".join(f"{stage} {value}" for stage, value in seconds.items()))


def _teacher(
    unjudged: UnjudgedOptions,
    index: IndexDirectory,
    encoder: BiEncoder,
    collection: Collection,
    queries: Queries,
) -> tuple[Run, str]:
    """What the queries should find, and what that is called in messages."""
    if unjudged.teacher:
        runs = [read_run(file) for file in unjudged.teacher]
        return runs[0] if len(runs) == 1 else reciprocal_rank(runs), ", ".join(unjudged.teacher)
    lucene = unjudged.lucene or collection
    return fused_teacher(index, encoder, queries, lucene, unjudged.bm25_weight), "frozen encoder and BM25"
