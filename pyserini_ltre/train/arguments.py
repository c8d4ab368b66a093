"""The command line of ``python -m pyserini_ltre.train``, grouped as model, data, objective and schedule."""

from dataclasses import dataclass, field
from typing import Literal

from pyserini_ltre.train.schedule import Schedule


@dataclass
class ModelArguments:
    """Where to start from and what to leave behind."""

    output: str = field(metadata={"help": "model directory to write"})
    encoder: str | None = field(
        default=None,
        metadata={
            "help": "encoder that made the index: directory, hub name or ltre:PATH (not with --query-vectors)"
        },
    )
    trainable: Literal["encoder", "adapter", "lora"] = field(
        default="encoder",
        metadata={
            "help": "all weights, a low-rank map behind the frozen encoder, or low-rank updates inside it"
        },
    )
    overwrite: bool = field(default=False, metadata={"help": "replace an output directory that is not empty"})
    register: str | None = field(
        default=None, metadata={"help": "name for the result in any Pyserini command: ltre, star or adore"}
    )
    pooling: Literal["cls", "mean", "last"] | None = field(
        default=None, metadata={"help": "pooling, where the model directory does not say it"}
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
class DataArguments:
    """The index, the queries and their judgements."""

    index: str = field(metadata={"help": "index directory, or a registered name"})
    queries: str = field(metadata={"help": "training queries: tsv (id, text) or BEIR jsonl"})
    qrels: str = field(metadata={"help": "their judgements: TREC qrels or BEIR tsv"})
    dev_queries: str | None = field(
        default=None,
        metadata={"help": "queries to choose the encoder on (default: a tenth of --queries, held out)"},
    )
    dev_qrels: str | None = field(default=None, metadata={"help": "judgements of the dev queries"})
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
            "help": "passes over the training queries (default: 3 to 10, about 300 steps; adapter: 1000)"
        },
    )
    batch_size: int = field(default=Schedule.batch_size, metadata={"help": "queries a step and process"})
    accumulate: int = field(default=Schedule.accumulate, metadata={"help": "batches that make one step"})
    learning_rate: float | None = field(
        default=None, metadata={"help": "peak rate of AdamW (default: 5e-5 encoder, 2e-3 adapter, 5e-4 lora)"}
    )
    decay: Literal["linear", "cosine", "constant_with_warmup"] = field(
        default=Schedule.decay, metadata={"help": "the rate after the first tenth of the steps"}
    )
    clip: float = field(default=Schedule.clip, metadata={"help": "largest norm of the gradient"})
    evaluations: int = field(
        default=Schedule.evaluations, metadata={"help": "dev measurements during training"}
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
