"""The command line of ``python -m pyserini_ltre.train``, in groups that the methods choose from."""

from dataclasses import dataclass, field
from typing import Literal

from pyserini_ltre.mine.mining import DEPTH
from pyserini_ltre.train.negatives import IN_BATCH, RANDOM
from pyserini_ltre.train.schedule import Schedule


@dataclass
class EncoderArguments:
    """Where to start from and what to leave behind."""

    output: str = field(metadata={"help": "model directory to write"})
    encoder: str | None = field(
        default=None, metadata={"help": "encoder to start from: directory, hub name, ltre:PATH or star:PATH"}
    )
    overwrite: bool = field(default=False, metadata={"help": "replace an output directory that is not empty"})
    register: str | None = field(
        default=None, metadata={"help": "name for the result in any Pyserini command: ltre, star or adore"}
    )
    pooling: Literal["cls", "mean", "last"] | None = field(
        default=None, metadata={"help": "pooling, where the model directory does not say it"}
    )
    allow_partial: bool = field(
        default=False, metadata={"help": "take a checkpoint with missing or unexpected weights as it is"}
    )
    query_prefix: str | None = field(
        default=None, metadata={"help": "put before each query (default: the model's)"}
    )
    query_max_length: int | None = field(
        default=None, metadata={"help": "tokens after which a query is cut (default: the model's)"}
    )
    device: Literal["cpu", "cuda"] = field(
        default="cpu", metadata={"help": "where to train; CUDA_VISIBLE_DEVICES chooses among several GPUs"}
    )


@dataclass
class QuerySideArguments(EncoderArguments):
    """The encoder is the one that made the index; it is left out where --query-vectors are given."""

    trainable: Literal["encoder", "adapter", "lora"] = field(
        default="encoder",
        metadata={
            "help": "all weights, a low-rank map behind the frozen encoder, or low-rank updates inside it"
        },
    )


@dataclass
class JudgedArguments:
    """Queries and their judgements."""

    queries: str = field(metadata={"help": "training queries: tsv (id, text) or BEIR jsonl"})
    qrels: str = field(metadata={"help": "their judgements: TREC qrels or BEIR tsv"})
    dev_queries: str | None = field(
        default=None,
        metadata={"help": "queries to choose the encoder on (default: a tenth of --queries, held out)"},
    )
    dev_qrels: str | None = field(default=None, metadata={"help": "judgements of the dev queries"})


@dataclass
class IndexArguments:
    """The index, which stays as it is, and vectors that are known already."""

    index: str = field(metadata={"help": "index directory, or a registered name"})
    query_vectors: str | None = field(
        default=None,
        metadata={"help": "frozen embeddings of --queries, a .npy with a row for each, for the adapter"},
    )
    dev_query_vectors: str | None = field(default=None, metadata={"help": "the same for --dev-queries"})
    vectors: str | None = field(
        default=None,
        metadata={"help": "original vectors of a compressed index, a .npy with a row a document"},
    )
    search_backend: Literal["exact", "exact-bf16", "faiss"] | None = field(
        default=None,
        metadata={"help": "exact search in torch or FAISS's own (default: exact for a flat index)"},
    )


@dataclass
class PairArguments:
    """The documents, which are trained on too, and the negatives."""

    collection: str = field(
        metadata={"help": "folder (BEIR, MS MARCO), Hugging Face data set, or python-stdlib"}
    )
    negatives: list[str] = field(
        default_factory=lambda: [IN_BATCH],
        metadata={
            "help": f"{IN_BATCH} (the batch's other relevant documents), {RANDOM} (any document), a TREC run file "
            f"of the training queries, or several of these; star: the run file, {IN_BATCH} is added"
        },
    )
    depth: int = field(default=DEPTH, metadata={"help": "best documents of the run file used for a query"})
    score_scale: float | None = field(
        default=None,
        metadata={"help": "factor on inner products (default: 20 for normalised encoders, else 1)"},
    )
    document_max_length: int | None = field(
        default=None, metadata={"help": "tokens after which a document is cut (default: the model's)"}
    )
    chunk: int = field(default=16, metadata={"help": "texts embedded at a time, of similar length"})
    gradient_cache: bool = field(
        default=False, metadata={"help": "a batch in the memory of a chunk, for one more forward pass"}
    )
    gradient_checkpointing: bool = field(
        default=False, metadata={"help": "each layer in the memory of its input, for one more forward pass"}
    )


@dataclass
class ObjectiveArguments:
    """What is minimised."""

    anchor: float | None = field(
        default=None,
        metadata={"help": "weight of the squared distance to the frozen embeddings (default: 1; adapter: 2)"},
    )
    hits: int | None = field(
        default=None,
        metadata={"help": "documents retrieved a query and step (default: 200, or all if fewer)"},
    )
    metric_cut: int | None = field(
        default=None, metadata={"help": "rank beyond which ADORE's discount is 0 (default: --hits)"}
    )
    gain: Literal["reciprocal-rank", "ndcg"] = field(
        default="reciprocal-rank", metadata={"help": "what ADORE's weights are made of"}
    )
    score_scale: float | None = field(
        default=None,
        metadata={"help": "factor on inner products (default: 20 for normalised encoders, else 1)"},
    )
    most_appended: int = field(
        default=32, metadata={"help": "relevant documents that retrieval missed, appended to a query at most"}
    )
    ignore_above: float | None = field(
        default=None,
        metadata={
            "help": "leave out unjudged documents that score above the best relevant one by more than this"
        },
    )


@dataclass
class ScheduleArguments:
    """How long and how fast."""

    epochs: float | None = field(
        default=None,
        metadata={
            "help": "passes over the training queries (default: 3 to 10, about 300 steps; adapter: 1000; "
            "both sides: 1 to 10, about 100)"
        },
    )
    batch_size: int = field(default=Schedule.batch_size, metadata={"help": "queries a step and process"})
    accumulate: int = field(default=Schedule.accumulate, metadata={"help": "batches that make one step"})
    optimizer: Literal["adamw", "lamb"] = field(
        default=Schedule.optimizer, metadata={"help": "LAMB is for batches of hundreds of queries"}
    )
    learning_rate: float | None = field(
        default=None,
        metadata={"help": "peak rate (default: 5e-5 encoder and both sides, 2e-3 adapter, 5e-4 lora)"},
    )
    decay: Literal["linear", "cosine", "constant_with_warmup"] = field(
        default=Schedule.decay, metadata={"help": "the rate after the first tenth of the steps"}
    )
    clip: float = field(default=Schedule.clip, metadata={"help": "largest norm of the gradient"})
    evaluations: int | None = field(
        default=None, metadata={"help": "dev measurements during training (default: 10; both sides: 2)"}
    )
    patience: int | None = field(
        default=None, metadata={"help": "stop after so many dev measurements without a better one"}
    )
    precision: Literal["fp32", "bf16", "auto"] = field(
        default=Schedule.precision,
        metadata={"help": "arithmetic of the encoder; auto: bf16 if the hardware has it"},
    )
    seed: int = field(
        default=Schedule.seed, metadata={"help": "of the order of queries, dropout and new weights"}
    )


@dataclass
class RunArguments:
    """Checkpoints and logs."""

    resume: bool = field(
        default=False,
        metadata={"help": "go on from the newest checkpoint of this training, if it was cut off"},
    )
    tensorboard: str | None = field(default=None, metadata={"help": "folder for TensorBoard's event files"})
