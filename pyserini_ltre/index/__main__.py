"""Change indexes, or fetch them: ``python -m pyserini_ltre.index compress|tune|shard|merge|fetch --index INDEX``."""

import argparse

from pyserini_ltre.errors import InputError, exit_on_input_error
from pyserini_ltre.files import is_url
from pyserini_ltre.index.compress import Compression, compress
from pyserini_ltre.index.opening import open_directory
from pyserini_ltre.index.refine import REFINEMENTS
from pyserini_ltre.index.sharded.convert import merge, shard
from pyserini_ltre.index.storage.copy import fetched
from pyserini_ltre.index.tune import RECALL, tune_again
from pyserini_ltre.outputs import check_outputs


def parse_arguments(argv: list[str] | None = None) -> argparse.Namespace:
    """Command line of ``python -m pyserini_ltre.index``."""
    parser = argparse.ArgumentParser(prog="python -m pyserini_ltre.index", description=__doc__)
    commands = parser.add_subparsers(dest="command", required=True)
    command = commands.add_parser("compress", help="write a compressed copy of an index, and measure it")
    command.add_argument("--index", required=True, help="index directory to compress")
    command.add_argument(
        "--factory", required=True, help="FAISS's name of the new index, such as OPQ48,PQ48 or SQ8"
    )
    command.add_argument("--output", required=True, help="index directory to write")
    command.add_argument(
        "--sample", type=int, help="vectors to train on (default: 65536, more for many lists)"
    )
    command.add_argument("--seed", type=int, default=0, help="of the random sample (default: 0)")
    command.add_argument(
        "--query-vectors",
        help=".npy file of query embeddings to measure recall with (default: 256 of the index)",
    )
    command.add_argument(
        "--refine",
        choices=tuple(REFINEMENTS),
        help="keep the vectors on disk, exact or in a byte a dimension, to order what the codes find",
    )
    tuned = commands.add_parser(
        "tune", help="choose anew how many candidates an index made with --refine looks at"
    )
    tuned.add_argument("--index", required=True, help="index directory, changed in place")
    tuned.add_argument(
        "--query-vectors", help=".npy file of query embeddings to measure with (default: 256 of the index)"
    )
    tuned.add_argument("--seed", type=int, default=0, help="of these (default: 0)")
    for each in (command, tuned):
        each.add_argument(
            "--recall",
            type=float,
            default=RECALL,
            help=f"part of the exact top 10, and of the top 100, that is to be found (default: {RECALL})",
        )
    shards = commands.add_parser("shard", help="write an index in shards")
    shards.add_argument("--index", required=True, help="index directory to split")
    shards.add_argument("--shards", type=int, required=True, help="how many, as equal as possible")
    shards.add_argument("--output", required=True, help="directory to write")
    stored = commands.add_parser(
        "fetch", help="fetch a sharded index from object storage; prints where it is then, for any --index"
    )
    stored.add_argument("--index", required=True, help="URL of a sharded index, as fsspec takes it")
    merged = commands.add_parser("merge", help="write a sharded index as one")
    merged.add_argument("--index", required=True, help="sharded index to put together")
    merged.add_argument("--output", required=True, help="index directory to write")
    for each in (command, shards, merged):
        each.add_argument(
            "--overwrite", action="store_true", help="replace an output directory that is not empty"
        )
    return parser.parse_args(argv)


@exit_on_input_error
def main(argv: list[str] | None = None) -> None:
    """Run one of the commands, and print what it has written."""
    arguments = parse_arguments(argv)
    if arguments.command == "tune":
        print(tune_again(arguments.index, arguments.recall, arguments.query_vectors, arguments.seed))
        return
    if arguments.command == "fetch":
        if not is_url(arguments.index):
            raise InputError(
                f"`index` {arguments.index}: no URL; what lies on this machine needs no fetching"
            )
        print(fetched(arguments.index))
        return
    check_outputs(vars(arguments), overwrite=arguments.overwrite)
    directory, output, overwrite = open_directory(arguments.index), arguments.output, arguments.overwrite
    if arguments.command == "shard":
        shard(directory, arguments.shards, output, overwrite)
        print(f"{len(directory.docids)} documents in {arguments.shards} shards in {output}")
        return
    if arguments.command == "merge":
        merge(directory, output, overwrite)
        print(f"{len(directory.docids)} documents in {output}")
        return
    result = compress(
        directory,
        arguments.factory,
        output,
        arguments.sample,
        arguments.seed,
        arguments.query_vectors,
        overwrite,
        arguments.refine,
        arguments.recall,
    )
    print(report(result, own_queries=arguments.query_vectors is None))
    print(f"{result.documents} documents in {arguments.output}")


def report(result: Compression, own_queries: bool) -> str:
    """Sizes before and after, and recall, in lines."""
    lines = [f"trained on {result.trained_on} vectors in {result.seconds:.0f} s"]
    if result.wanted:
        lines.append(f"FAISS would like at least {result.wanted} to train on: expect a lower recall")
    kept = "memory" if result.tuning else "file and memory"
    before, after = result.bytes_before, result.bytes_after
    lines.append(f"{kept}: {before / 1e6:.2f} MB -> {after / 1e6:.2f} MB, {before / after:.1f} times smaller")
    lines.append(
        f"bytes a document: {result.vector_bytes_before:.0f} -> {result.vector_bytes_after:.0f}, "
        f"{result.vector_bytes_before / result.vector_bytes_after:.1f} times smaller"
    )
    queries = "vectors of the index itself as queries" if own_queries else "queries"
    recall = ", ".join(f"recall@{k} {value:.3f}" for k, value in result.recall.items())
    lines.append(f"against exact search, {result.queries} {queries}: {recall}")
    if result.tuning:
        lines.append(str(result.tuning))
    return "\n".join(lines)


if __name__ == "__main__":
    main()
