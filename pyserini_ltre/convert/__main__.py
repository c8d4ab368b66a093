"""Take over what DRhard, JPQ and ANCE published: ``python -m pyserini_ltre.convert model | index | ranks``."""

import argparse

from transformers.utils import logging

from pyserini_ltre.convert.checkpoint import TASKS, convert_checkpoint
from pyserini_ltre.convert.ids import read_ids
from pyserini_ltre.convert.ranks import convert_ranks
from pyserini_ltre.convert.vectors import convert_vectors, open_vectors
from pyserini_ltre.encode.model import BiEncoder
from pyserini_ltre.errors import InputError, exit_on_input_error
from pyserini_ltre.files import check_output_directory
from pyserini_ltre.outputs import check_outputs
from pyserini_ltre.registry import register

IDS = "pid2offset.pickle, .memmap of int32, or a text file with an id a line"


def parse_arguments(argv: list[str] | None = None) -> argparse.Namespace:
    """Command line of ``python -m pyserini_ltre.convert``."""
    parser = argparse.ArgumentParser(prog="python -m pyserini_ltre.convert", description=__doc__)
    commands = parser.add_subparsers(dest="command", required=True)
    command = commands.add_parser("model", help="a RobertaDot checkpoint to a model directory")
    command.add_argument(
        "source", help="directory with config.json and pytorch_model.bin or model.safetensors"
    )
    command.add_argument("--output", required=True, help="model directory to write")
    command.add_argument(
        "--task",
        choices=TASKS,
        default="passage",
        help="what it was trained on in MS MARCO (default: passage)",
    )
    command.add_argument("--vocab", help="vocab.json of roberta-base (default: the one in the source)")
    command.add_argument("--merges", help="merges.txt of roberta-base (default: the one in the source)")
    command.add_argument(
        "--allow-partial",
        action="store_true",
        help="go on although weights are missing (they become random) or unexpected (left out)",
    )
    command.add_argument("--register", metavar="NAME", help="name it, for example star, for --encoder star")
    _add_overwrite(command)
    command = commands.add_parser("index", help="an embedding memmap to an index directory")
    command.add_argument("vectors", metavar="memmap", help="headerless float32 file, such as passages.memmap")
    command.add_argument("--docids", required=True, help=IDS)
    command.add_argument("--id-prefix", default="", help="put before numbers, D for MS MARCO documents")
    command.add_argument("--dimension", type=int, default=768, help="numbers a vector (default: 768)")
    command.add_argument("--encoder", help="the encoder that made the vectors, to note it in the index")
    command.add_argument("--output", required=True, help="index directory to write")
    _add_overwrite(command)
    command = commands.add_parser("ranks", help="a rank file in offsets to a TREC run")
    command.add_argument(
        "ranks", help="query offset, document offset, rank on each line, such as dev.rank.tsv"
    )
    command.add_argument(
        "--qids", required=True, help=f"ids of the queries: {IDS}".replace("pid2", "dev-qid2")
    )
    command.add_argument("--docids", required=True, help=f"ids of the documents: {IDS}")
    command.add_argument(
        "--id-prefix", default="", help="put before document numbers, D for MS MARCO documents"
    )
    command.add_argument("--tag", default="converted", help="name of the run (default: converted)")
    command.add_argument("--output", required=True, help="run file to write")
    _add_overwrite(command)
    return parser.parse_args(argv)


@exit_on_input_error
def main(argv: list[str] | None = None) -> None:
    """Convert one thing; exit status 2 and one line if it cannot be used."""
    arguments = parse_arguments(argv)
    check_outputs(vars(arguments), overwrite=arguments.overwrite)
    logging.set_verbosity_error()
    logging.disable_progress_bar()
    {"model": _model, "index": _index, "ranks": _ranks}[arguments.command](arguments)


def _add_overwrite(command: argparse.ArgumentParser) -> None:
    command.add_argument("--overwrite", action="store_true", help="replace what is there already")


def _model(arguments: argparse.Namespace) -> None:
    check_output_directory(arguments.output, arguments.overwrite)
    if (arguments.vocab is None) != (arguments.merges is None):
        raise InputError("--vocab and --merges belong together; give both or neither")
    encoder = convert_checkpoint(
        arguments.source,
        arguments.output,
        arguments.task,
        arguments.vocab and (arguments.vocab, arguments.merges),
        arguments.allow_partial,
        arguments.overwrite,
    )
    print(
        f"{encoder.dimension} dimensions, STAR tokenisation, {arguments.task} lengths in {arguments.output}"
    )
    if arguments.register:
        register("encoders", arguments.register, path=arguments.output)
        print(f"registered as {arguments.register}")


def _index(arguments: argparse.Namespace) -> None:
    check_output_directory(arguments.output, arguments.overwrite)
    vectors = open_vectors(arguments.vectors, arguments.dimension)
    docids = read_ids(arguments.docids, arguments.id_prefix)
    encoder = BiEncoder.load(arguments.encoder) if arguments.encoder else None
    convert_vectors(vectors, docids, arguments.output, encoder, arguments.overwrite)
    print(f"{vectors.ntotal} documents x {vectors.d} in {arguments.output}")


def _ranks(arguments: argparse.Namespace) -> None:
    qids, docids = read_ids(arguments.qids), read_ids(arguments.docids, arguments.id_prefix)
    run = convert_ranks(arguments.ranks, qids, docids, arguments.output, arguments.tag)
    print(f"{len(run)} queries, {sum(map(len, run.values()))} hits in {arguments.output}")


if __name__ == "__main__":
    main()
