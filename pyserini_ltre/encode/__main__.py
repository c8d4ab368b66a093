"""Encode a collection into an index directory: ``python -m pyserini_ltre.encode``."""

from transformers.utils import logging

from pyserini_ltre.cluster import RayOptions
from pyserini_ltre.collection import open_collection
from pyserini_ltre.encode.backends import Backend, Precision
from pyserini_ltre.encode.encode_collection import encode_collection
from pyserini_ltre.encode.encoder_options import DocumentEncoderOptions
from pyserini_ltre.errors import exit_on_input_error
from pyserini_ltre.files import check_output_directory
from pyserini_ltre.options import Count, option, option_group, parse_options
from pyserini_ltre.outputs import check_outputs


@option_group
class EncodeOptions:
    """What is encoded, and how."""

    collection: str = option("folder (BEIR, MS MARCO), Hugging Face data set, or python-stdlib")
    output: str = option("index directory to write")
    overwrite: bool = option("replace an output directory that is not empty", default=False)
    batch_size: Count = option("documents a batch", default=16)
    precision: Precision = option("arithmetic; auto: bf16 if the hardware has it", default="fp32")
    backend: Backend = option(
        "what computes; auto: OpenVINO or onnxruntime, if it is installed and agrees with torch",
        default="auto",
    )
    shards: Count | None = option(
        "write a sharded index of so many shards; after a kill, only missing ones are encoded", default=None
    )


@exit_on_input_error
def main(argv: list[str] | None = None) -> None:
    """Encode every document and write the index directory with its ``encoder.json``."""
    encoder, options, cluster = parse_options(
        "pyserini_ltre.encode", __doc__, (DocumentEncoderOptions, EncodeOptions, RayOptions), argv
    )
    check_outputs({**vars(encoder), **vars(options)}, overwrite=options.overwrite)
    check_output_directory(options.output, options.overwrite)
    logging.set_verbosity_error()
    logging.disable_progress_bar()
    collection = open_collection(options.collection)
    index = encode_collection(
        collection,
        encoder.load(),
        options.output,
        options.batch_size,
        options.precision,
        options.overwrite,
        backend=options.backend,
        shards=options.shards,
        ray=cluster.ray,
    )
    print(f"{len(index.docids)} documents x {index.dimension} in {options.output}")


if __name__ == "__main__":
    main()
