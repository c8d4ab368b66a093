"""Queries that nobody has judged, and their teacher, for the commands: made and asked, or given."""

from dataclasses import replace

from pyserini_ltre.collection import (
    Collection,
    Qrels,
    Queries,
    near_duplicates,
    open_collection,
    read_queries,
    read_run,
)
from pyserini_ltre.collection.judged import Judged, judged_queries
from pyserini_ltre.encode.model import BiEncoder
from pyserini_ltre.errors import InputError
from pyserini_ltre.index import IndexDirectory
from pyserini_ltre.options import Fraction, option, option_group
from pyserini_ltre.queries import QueryMaking, make_queries
from pyserini_ltre.run.fuse import reciprocal_rank
from pyserini_ltre.train.command.stages import Stages
from pyserini_ltre.train.data.cross_encoder import rescored
from pyserini_ltre.train.data.taught import Unjudged
from pyserini_ltre.train.data.teacher import fused_teacher

# Made queries that tell whether to trust what was learned of given ones.
KNOWN = 500


@option_group
class TeacherOptions:
    """Who teaches what nobody has judged."""

    teacher: list[str] | None = option(
        "TREC runs of the queries that are given, fused by reciprocal ranks if several (None: the frozen encoder "
        "fused with BM25)",
        default=None,
    )
    lucene: str | None = option("Lucene index of the collection (None: made, and removed)", default=None)
    bm25_weight: Fraction = option("weight of BM25 in the teacher; the encoder has the rest", default=0.3)
    cross_encoder: str | None = option(
        "cross-encoder of sentence-transformers that scores the teacher's best 50 anew", default=None
    )
    exclude: str | None = option(
        "queries that no unjudged query may be, or be nearly like: those that you will test on", default=None
    )


def gather(
    options: TeacherOptions,
    making: QueryMaking,
    collection: str | None,
    queries: str | None,
    index: IndexDirectory,
    encoder: BiEncoder,
    stages: Stages,
) -> Unjudged:
    """Make queries of the collection, read those that are given, and ask the teacher, or read what it said.

    Raises
    ------
    InputError
        If something that is needed is not given, or does not fit the index.
    """
    if options.teacher and not queries:
        raise InputError("`teacher` has answered queries: give these, too")
    if not collection and (options.cross_encoder or not (options.teacher or options.lucene)):
        raise InputError("give `collection`: the documents, from which the teacher learns what it says")
    documents = open_collection(collection) if collection else None
    exclude = read_queries(options.exclude) if options.exclude else None
    known = None
    if documents is not None:
        if queries is not None:
            making = replace(making, limit=min(making.limit, KNOWN))
        known = _made(documents, making, exclude, index)
    sources: Qrels = {}
    if queries is not None:
        texts = _given(queries, exclude)
    elif known is not None:
        texts, sources, known = known.queries, known.qrels, None
    else:
        raise InputError("give `collection`, of which queries are made")
    stages.end("queries")
    vectors = None
    if options.teacher:
        runs = [read_run(file) for file in options.teacher]
        run, name = runs[0] if len(runs) == 1 else reciprocal_rank(runs), ", ".join(options.teacher)
    else:
        lucene = options.lucene or documents
        assert lucene is not None, "one of the two is there, or there is a teacher"
        run, vectors = fused_teacher(index, encoder, texts, lucene, options.bm25_weight)
        name = "the frozen encoder with BM25"
    if options.cross_encoder and documents is not None:
        run = rescored(run, texts, documents, options.cross_encoder, str(encoder.device))
        name = f"{options.cross_encoder} on the best of {name}"
    stages.end("teacher")
    return Unjudged(texts, run, sources, name, vectors, known)


def _made(
    collection: Collection, making: QueryMaking, exclude: Queries | None, index: IndexDirectory
) -> Judged:
    """Queries made of documents, with these as what is relevant."""
    made = make_queries(collection, making, exclude, progress=True)
    known = judged_queries(made.queries, made.sources, index.row_of, "made queries")
    if known.missing_documents:
        print(f"{known.missing_documents} made queries are of documents that the index lacks: left out")
    if made.left_out:
        print(f"{made.left_out} made queries were test queries, or nearly so: left out")
    if made.empty:
        print(f"{made.empty} documents are empty: no queries are made of them")
    return known


def _given(file: str, exclude: Queries | None) -> Queries:
    """The user's own queries, without those that will be tested on."""
    queries = read_queries(file)
    repeated = near_duplicates(queries, exclude) if exclude else {}
    if repeated:
        print(f"{len(repeated)} queries of {file} are test queries, or nearly so: left out")
    return {qid: text for qid, text in queries.items() if qid not in repeated}
