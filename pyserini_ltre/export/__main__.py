"""Take a query encoder to where this package is not: ``python -m pyserini_ltre.export WHAT ...``.

  vectors   topics as vectors, for Lucene's dense searcher without any encoder

WHAT --help shows its options.
"""

import argparse
import sys
from collections.abc import Sequence

from transformers.utils import logging

from pyserini_ltre import registry
from pyserini_ltre.collection import read_queries
from pyserini_ltre.encode.encoder_options import QueryEncoderOptions
from pyserini_ltre.errors import exit_on_input_error
from pyserini_ltre.export.vectors import export_vectors
from pyserini_ltre.options import option, option_group, parse_options
from pyserini_ltre.outputs import check_outputs


@option_group
class VectorOptions:
    """Which queries are encoded, and where their vectors go."""

    queries: str = option("tsv (id, text), BEIR jsonl, or the name of registered topics")
    output: str = option(
        "file to write: topics of Pyserini (.tsv, .json), or Anserini's JsonStringVector topics (.jsonl)"
    )
    overwrite: bool = option("replace a file that is there already", default=False)


def vectors(argv: Sequence[str]) -> None:
    """Write topics as vectors; see `export_vectors`."""
    encoder, options = parse_options(
        "pyserini_ltre.export vectors", __doc__, (QueryEncoderOptions, VectorOptions), argv
    )
    topics = registry.find("topics", options.queries)
    check_outputs({**vars(encoder), **vars(options), "queries": topics}, overwrite=options.overwrite)
    logging.set_verbosity_error()
    logging.disable_progress_bar()
    queries = read_queries(topics)
    loaded = encoder.load()
    export_vectors(loaded, queries, options.output)
    print(f"{len(queries)} vectors of {loaded.dimension} dimensions in {options.output}")


FORMS = {"vectors": vectors}


@exit_on_input_error
def main(argv: list[str] | None = None) -> None:
    """Write one of the forms."""
    parser = argparse.ArgumentParser(
        prog="python -m pyserini_ltre.export",
        description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("what", choices=FORMS, metavar="WHAT")
    argv = sys.argv[1:] if argv is None else argv
    FORMS[parser.parse_args(argv[:1]).what](argv[1:])


if __name__ == "__main__":
    main()
