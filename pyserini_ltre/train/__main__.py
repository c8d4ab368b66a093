"""Train an encoder: ``python -m pyserini_ltre.train ltre|adore --index DIR --encoder MODEL --queries F --qrels F``."""

import sys
from pathlib import Path

from transformers import HfArgumentParser
from transformers.utils import logging

from pyserini_ltre import registry
from pyserini_ltre.collection import Qrels, Queries, read_qrels, read_queries
from pyserini_ltre.encode.model import BiEncoder
from pyserini_ltre.errors import InputError, exit_on_input_error
from pyserini_ltre.eval.table import markdown_table
from pyserini_ltre.files import check_output_directory, whole_directory
from pyserini_ltre.index import IndexDirectory
from pyserini_ltre.train.arguments import DataArguments, ModelArguments, TrainingArguments
from pyserini_ltre.train.development import MEASURE
from pyserini_ltre.train.objective import METHODS
from pyserini_ltre.train.query_side import QuerySideTrainer, Schedule, TrainingResult


def parse_arguments(argv: list[str]) -> tuple[str, ModelArguments, DataArguments, TrainingArguments]:
    """Split the command line into the method and the three groups."""
    parser = HfArgumentParser(
        (ModelArguments, DataArguments, TrainingArguments),
        prog="python -m pyserini_ltre.train",
        description=__doc__,
    )
    parser.add_argument("method", choices=METHODS, help="objective: RankNet (ltre) or rank-weighted (adore)")
    model, data, training, rest = parser.parse_args_into_dataclasses(argv, look_for_args_file=False)
    return rest.method, model, data, training


@exit_on_input_error
def main(argv: list[str] | None = None) -> None:
    """Train, print what came of it, and save the encoder that was best on dev."""
    method, model, data, training = parse_arguments(sys.argv[1:] if argv is None else argv)
    check_output_directory(model.output, model.overwrite)
    if model.register is not None and model.register not in registry.METHODS:
        raise InputError(f"--register {model.register}: use one of {', '.join(registry.METHODS)}")
    if (data.dev_queries is None) != (data.dev_qrels is None):
        raise InputError(
            "--dev-queries and --dev-qrels belong together; give both, or neither to hold queries out"
        )
    logging.set_verbosity_error()
    logging.disable_progress_bar()
    queries, qrels = read_judged(data.queries, data.qrels)
    dev = read_judged(data.dev_queries, data.dev_qrels) if data.dev_queries else None
    directory = IndexDirectory(index_path(data.index))
    encoder = load_encoder(model)
    trainer = QuerySideTrainer(
        encoder,
        directory,
        method,
        Schedule(
            epochs=training.epochs,
            batch_size=training.batch_size,
            learning_rate=training.learning_rate,
            evaluations=training.evaluations,
            precision=training.precision,
            seed=training.seed,
        ),
        anchor=training.anchor,
        hits=training.hits,
        metric_cut=training.metric_cut,
        score_scale=training.score_scale,
        backend=data.search_backend,
    )
    result = trainer.fit(queries, qrels, dev)
    with whole_directory(model.output, model.overwrite) as output:
        encoder.save(output, **trainer.description(result))
        if dev is None:
            (output / "held_out_queries.txt").write_text(
                "".join(f"{qid}\n" for qid in result.dev.queries), encoding="utf-8"
            )
    if model.register is not None:
        registry.register("encoders", model.register, path=model.output)
    print(report(result, held_out=dev is None))
    print(f"saved in {model.output}" + (f", registered as {model.register}" if model.register else ""))


def index_path(name: str) -> Path:
    """Directory of an index: a path, or a name in the registry."""
    if not Path(name).expanduser().exists() and (registered := registry.path_of("indexes", name)):
        return registered
    return Path(name).expanduser()


def load_encoder(model: ModelArguments) -> BiEncoder:
    """Load the encoder to start from with the settings of the command line."""
    name = (
        registry.encoder_directory(model.encoder)
        if registry.is_encoder_name(model.encoder)
        else model.encoder
    )
    encoder = BiEncoder.load(name, pooling=model.pooling).to(model.device)
    return encoder.with_settings(query_prefix=model.query_prefix, query_max_length=model.query_max_length)


def read_judged(queries: str, qrels: str) -> tuple[Queries, Qrels]:
    """Read queries and judgements that have at least one query in common."""
    texts, judgements = read_queries(queries), read_qrels(qrels)
    if texts.keys().isdisjoint(judgements):
        raise InputError(
            f"{qrels}: judges none of the queries in {queries}; give the judgements of these queries"
        )
    return texts, judgements


def report(result: TrainingResult, held_out: bool) -> str:
    """Table of the dev measures before and after, and what has to be known to read it."""
    lines = []
    if result.train.missing_documents:
        lines.append(
            f"{result.train.missing_documents} judgements name documents that the index lacks: left out"
        )
    if result.train.skipped_queries:
        lines.append(
            f"{result.train.skipped_queries} queries have no relevant document in the index: skipped"
        )
    source = "held out of the training queries" if held_out else "of the dev set"
    lines.append(
        f"{len(result.train.queries)} training queries; measured on {len(result.dev.queries)} {source}"
    )
    rows = [
        (f"dev {name}", f"{value:.4f}", f"{result.after[name]:.4f}", f"{result.after[name] - value:+.4f}")
        for name, value in result.before.items()
    ]
    lines.append(markdown_table(("", "frozen", "trained", "gain"), rows))
    if result.improved:
        comparison = result.comparison
        lines.append(
            f"best at step {result.best_step} of {result.steps}; {MEASURE}: {comparison.wins} queries better, "
            f"{comparison.ties} equal, {comparison.losses} worse, p = {comparison.p_value:.2g} (paired t-test on dev)"
        )
    else:
        lines.append("training did not help on dev: the frozen encoder is kept")
    return "\n".join(lines)


if __name__ == "__main__":
    main()
