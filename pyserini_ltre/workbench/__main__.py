"""See what training changed, judge, and teach again, in the browser: ``python -m pyserini_ltre.workbench FOLDER``.

FOLDER is that of the demo, or any that has an index; what it lacks, or has under other names, options name. The address
that is printed has a token, without which nobody else on this machine can open it.
"""

import argparse

from pyserini_ltre.errors import InputError, exit_on_input_error
from pyserini_ltre.workbench.sources import find_sources

PORT = 8123


def parse_arguments(argv: list[str] | None = None) -> argparse.Namespace:
    """Command line of ``python -m pyserini_ltre.workbench``."""
    parser = argparse.ArgumentParser(
        prog="python -m pyserini_ltre.workbench",
        description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument(
        "folder", help="folder of the demo, or another; judgements are kept in its workbench/"
    )
    parser.add_argument("--index", help="index directory, or a registered name (default: FOLDER/index)")
    parser.add_argument("--encoder", help="the encoder that made the index (default: what the index says)")
    parser.add_argument(
        "--encoders", nargs="+", default=[], help="more encoders: directories, hub names, ltre:NAME"
    )
    parser.add_argument(
        "--collection", help="the documents: a folder (BEIR, MS MARCO) ... (default: FOLDER/collection)"
    )
    parser.add_argument("--lucene", help="Lucene index of them, for BM25 (default: FOLDER/bm25-index)")
    parser.add_argument(
        "--topics", help="topics: tsv (id, text), BEIR jsonl (default: FOLDER/topics.test.tsv)"
    )
    parser.add_argument("--qrels", help="their judgements (default: FOLDER/qrels.test.txt)")
    parser.add_argument("--runs", nargs="+", default=[], help="run files (default: those in FOLDER/runs)")
    parser.add_argument(
        "--host", default="127.0.0.1", help="address to listen on (default: this machine only)"
    )
    parser.add_argument("--port", type=int, default=PORT, help=f"port; 0: any that is free (default: {PORT})")
    return parser.parse_args(argv)


@exit_on_input_error
def main(argv: list[str] | None = None) -> None:
    """Serve the page until it is interrupted."""
    arguments = parse_arguments(argv)
    try:
        from pyserini_ltre.workbench.server import serve, take_port
    except ModuleNotFoundError as error:
        raise InputError(
            f'{error.name} is not installed; install it: pip install "pyserini-ltre[workbench]"'
        ) from None
    from pyserini_ltre.workbench.bench import Workbench

    sources = find_sources(arguments)
    listening = take_port(arguments.host, arguments.port)
    serve(Workbench(sources), listening, arguments.host)


if __name__ == "__main__":
    main()
