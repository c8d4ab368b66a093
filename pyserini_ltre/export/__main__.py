"""Take a query encoder to where this package is not: ``python -m pyserini_ltre.export WHAT ...``.

  vectors    topics as vectors, for Lucene's dense searcher without any encoder
  onnx       the encoder as a graph, for onnxruntime
  openvino   the encoder as a graph, for OpenVINO

WHAT --help shows its options.
"""

import argparse
import sys
from collections.abc import Callable, Sequence
from functools import partial

from transformers.utils import logging

from pyserini_ltre import registry
from pyserini_ltre.collection import read_queries
from pyserini_ltre.encode.encoder_options import QueryEncoderOptions
from pyserini_ltre.encode.model import BiEncoder
from pyserini_ltre.errors import exit_on_input_error
from pyserini_ltre.export.graphs import Form, export_graph
from pyserini_ltre.export.vectors import export_vectors
from pyserini_ltre.files import check_output_directory
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


@option_group
class GraphOptions:
    """Which encoder becomes a graph, and where it goes."""

    encoder: str = option("model directory, hub name, ltre:PATH, star or star:PATH")
    encoder_class: str | None = option(
        "what Pyserini calls such encoders, where the model directory does not say it", default=None
    )
    output: str = option("model directory to write")
    overwrite: bool = option("replace an output directory that is not empty", default=False)


def graph(form: Form, argv: Sequence[str]) -> None:
    """Write the encoder as a graph; see `export_graph`."""
    (options,) = parse_options(f"pyserini_ltre.export {form}", __doc__, (GraphOptions,), argv)
    check_outputs(vars(options), overwrite=options.overwrite)
    check_output_directory(options.output, options.overwrite)
    logging.set_verbosity_error()
    logging.disable_progress_bar()
    loaded = BiEncoder.load(registry.find_encoder(options.encoder), encoder_class=options.encoder_class)
    print(f"saved in {export_graph(loaded, form, options.output, options.overwrite)}")


FORMS: dict[str, Callable[[Sequence[str]], None]] = {
    "vectors": vectors,
    "onnx": partial(graph, "onnx"),
    "openvino": partial(graph, "openvino"),
}


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
