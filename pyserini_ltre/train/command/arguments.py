"""What the commands take beside the options of encoder, objective, trained part and schedule."""

from typing import Literal

from pyserini_ltre.options import option, option_group
from pyserini_ltre.train.trainable import Part


@option_group
class OutputOptions:
    """What to leave behind, and how to watch and resume."""

    output: str = option(help="model directory to write")
    overwrite: bool = option(False, "replace an output directory that is not empty")
    register: Literal["ltre", "star", "adore"] | None = option(
        None, "name for the result in any Pyserini command"
    )
    resume: bool = option(False, "go on from the newest checkpoint of this training, if it was cut off")
    tensorboard: str | None = option(None, "folder for TensorBoard's event files")


@option_group
class JudgedOptions:
    """Queries and their judgements."""

    queries: str = option(help="training queries: tsv (id, text) or BEIR jsonl")
    qrels: str = option(help="their judgements: TREC qrels or BEIR tsv")
    dev_queries: str | None = option(
        None, "queries to choose the encoder on (None: a tenth of the training queries, held out)"
    )
    dev_qrels: str | None = option(None, "judgements of the dev queries")


@option_group
class QuerySideOptions:
    """What may change, the index, which stays as it is, and vectors that are known already."""

    trainable: Part = option(
        "encoder", "all weights, a low-rank map behind the frozen encoder, or low-rank updates inside it"
    )
    index: str = option(help="index directory, or a registered name")
    query_vectors: str | None = option(
        None, "frozen embeddings of the queries, a .npy with a row for each: all that the adapter needs"
    )
    dev_query_vectors: str | None = option(None, "the same for the dev queries")
    vectors: str | None = option(None, "original vectors of a compressed index, a .npy with a row a document")
    search_backend: Literal["exact", "exact-bf16", "faiss"] | None = option(
        None, "exact search in torch or FAISS's own (None: exact for a flat index)"
    )


@option_group
class CollectionOptions:
    """The documents, which are trained on too."""

    collection: str = option(help="folder (BEIR, MS MARCO), Hugging Face data set, or python-stdlib")
