"""Mine hard negatives of the training queries: ``python -m pyserini_ltre.mine``.

From a dense index (--index and --encoder), or from a run that there is already, such as BM25's (--run). What comes out
is a TREC run file without the judged-relevant documents, for ``pyserini_ltre.train star|warmup --negatives``.
"""

import argparse
from pathlib import Path

from transformers.utils import logging

from pyserini_ltre import registry
from pyserini_ltre.collection import read_judged_queries, read_run, write_run
from pyserini_ltre.encode.model import BiEncoder
from pyserini_ltre.errors import InputError, exit_on_input_error
from pyserini_ltre.index import IndexDirectory
from pyserini_ltre.index.check import check_dimension
from pyserini_ltre.mine.mining import DEPTH, Mined, from_index, from_run


def parse_arguments(argv: list[str] | None = None) -> argparse.Namespace:
    """Command line of ``python -m pyserini_ltre.mine``."""
    parser = argparse.ArgumentParser(
        prog="python -m pyserini_ltre.mine",
        description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    source = parser.add_mutually_exclusive_group(required=True)
    source.add_argument("--index", help="index directory, or a registered name")
    source.add_argument("--run", help="TREC run of the training queries")
    parser.add_argument("--encoder", help="with --index: directory, hub name, ltre:PATH or star:PATH")
    parser.add_argument("--queries", required=True, help="training queries: tsv (id, text) or BEIR jsonl")
    parser.add_argument("--qrels", required=True, help="their judgements: TREC qrels or BEIR tsv")
    parser.add_argument("--depth", type=int, default=DEPTH, help=f"negatives a query (default: {DEPTH})")
    parser.add_argument("--device", default="cpu", help="cpu, cuda, cuda:1 ... (default: cpu)")
    parser.add_argument("--output", required=True, help="run file to write")
    return parser.parse_args(argv)


@exit_on_input_error
def main(argv: list[str] | None = None) -> None:
    """Mine, and tell what was left out."""
    arguments = parse_arguments(argv)
    if arguments.depth < 1:
        raise InputError(f"--depth {arguments.depth}: choose 1 or more")
    if (arguments.index is None) != (arguments.encoder is None):
        raise InputError("--index and --encoder belong together; give both, or --run")
    if Path(arguments.output).exists():
        raise InputError(f"{arguments.output}: exists already; remove it or name another file")
    mined = mine(arguments)
    write_run(arguments.output, mined.run, "negatives", decimals=None)
    total = sum(len(negatives) for negatives in mined.run.values())
    print(f"{total} negatives of {len(mined.run)} queries in {arguments.output}")
    if mined.removed:
        print(f"{mined.removed} judged-relevant documents were ranked among them: left out")
    if mined.fewer:
        print(f"{mined.fewer} queries have fewer than {arguments.depth}")


def mine(arguments: argparse.Namespace) -> Mined:
    """Mine the judged ones of the queries."""
    texts, qrels = read_judged_queries(arguments.queries, arguments.qrels)
    queries = {qid: text for qid, text in texts.items() if qid in qrels}
    if arguments.run is not None:
        run = read_run(arguments.run)
        known = {qid: run[qid] for qid in queries if qid in run}
        if not known:
            raise InputError(
                f"{arguments.run}: has none of the {len(queries)} queries in {arguments.queries}; "
                "make the run with the training queries"
            )
        return from_run(known, qrels, arguments.depth)
    logging.set_verbosity_error()
    logging.disable_progress_bar()
    directory = IndexDirectory(registry.find("indexes", arguments.index))
    encoder = BiEncoder.load(registry.find_encoder(arguments.encoder))
    check_dimension(directory, encoder.dimension, encoder.name)
    return from_index(directory, encoder.to(arguments.device), queries, qrels, arguments.depth)


if __name__ == "__main__":
    main()
