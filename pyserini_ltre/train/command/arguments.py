"""What the commands take beside the options of encoder, objective, trained part and schedule."""

from typing import Literal

from pyserini_ltre.options import option, option_group
from pyserini_ltre.train.trainable import Part


@option_group
class SavingOptions:
    """What to leave behind."""

    output: str = option("model directory to write")
    overwrite: bool = option("replace an output directory that is not empty", default=False)
    register: Literal["ltre", "star", "adore"] | None = option(
        "name for the result in any Pyserini command", default=None
    )


@option_group
class OutputOptions(SavingOptions):
    """What to leave behind, and how to watch and resume."""

    resume: bool = option(
        "go on from the newest checkpoint of this training, if it was cut off", default=False
    )
    tensorboard: str | None = option("folder for TensorBoard's event files", default=None)


@option_group
class DevOptions:
    """Judged queries to choose the encoder on."""

    dev_queries: str | None = option(
        "judged queries to choose the encoder on (None: a tenth of the training queries, held out)",
        default=None,
    )
    dev_qrels: str | None = option("judgements of the dev queries", default=None)


@option_group
class JudgedOptions(DevOptions):
    """Queries and their judgements."""

    queries: str = option("training queries: tsv (id, text) or BEIR jsonl")
    qrels: str = option("their judgements: TREC qrels or BEIR tsv")


@option_group
class IndexOptions:
    """What may change, and the index, which stays as it is."""

    trainable: Part = option(
        "all weights, a low-rank map behind the frozen encoder, or low-rank updates inside it",
        default="encoder",
    )
    index: str = option("index directory, a registered name, or the URL of a sharded index")
    vectors: str | None = option(
        "original vectors of a compressed index, a .npy with a row a document", default=None
    )
    search_backend: Literal["exact", "exact-bf16", "faiss"] | None = option(
        "exact search in torch or FAISS's own (None: exact for a flat index)", default=None
    )


@option_group
class QuerySideOptions(IndexOptions):
    """What may change, the index, which stays as it is, and vectors that are known already."""

    query_vectors: str | None = option(
        "frozen embeddings of the queries, a .npy with a row for each: all that the adapter needs",
        default=None,
    )
    dev_query_vectors: str | None = option("the same for the dev queries", default=None)


@option_group
class CollectionOptions:
    """The documents, which are trained on too."""

    collection: str = option("folder (BEIR, MS MARCO), Hugging Face data set, or python-stdlib")
