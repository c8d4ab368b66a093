"""The command line of ``python -m pyserini_ltre.train``, grouped as model, data and training."""

from dataclasses import dataclass, field
from typing import Literal

from pyserini_ltre.train.query_side import Schedule


@dataclass
class ModelArguments:
    """Where to start from and what to leave behind."""

    encoder: str = field(
        metadata={"help": "encoder that the index was made with: directory, hub name or ltre:PATH"}
    )
    output: str = field(metadata={"help": "model directory to write"})
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
    device: str = field(default="cpu", metadata={"help": "cpu, cuda, cuda:1 ..."})


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
    search_backend: Literal["exact", "faiss"] | None = field(
        default=None,
        metadata={"help": "exact search in torch or FAISS's own (default: exact for a flat index)"},
    )


@dataclass
class TrainingArguments:
    """Objective and schedule."""

    anchor: float = field(
        default=1.0, metadata={"help": "weight of the squared distance to the frozen encoder's embeddings"}
    )
    hits: int | None = field(
        default=None,
        metadata={"help": "documents retrieved a query and step (default: 200, or all if fewer)"},
    )
    metric_cut: int | None = field(
        default=None, metadata={"help": "rank beyond which ADORE's gain is 0 (default: --hits)"}
    )
    score_scale: float | None = field(
        default=None,
        metadata={"help": "factor on inner products (default: 20 for normalised encoders, else 1)"},
    )
    epochs: float = field(default=Schedule.epochs, metadata={"help": "passes over the training queries"})
    batch_size: int = field(default=Schedule.batch_size, metadata={"help": "queries a step"})
    learning_rate: float = field(default=Schedule.learning_rate, metadata={"help": "peak rate of AdamW"})
    evaluations: int = field(
        default=Schedule.evaluations, metadata={"help": "dev measurements during training"}
    )
    precision: Literal["fp32", "bf16", "auto"] = field(
        default=Schedule.precision,
        metadata={"help": "arithmetic of the encoder; auto: bf16 if the hardware has it"},
    )
    seed: int = field(default=Schedule.seed, metadata={"help": "of the order of queries and of dropout"})
