"""Encode a collection into an index directory: ``python -m pyserini_ltre.encode``."""

import argparse

import faiss
from transformers.utils import logging

from pyserini_ltre import registry
from pyserini_ltre.collection import open_collection
from pyserini_ltre.encode.batching import PRECISIONS, encode_stream
from pyserini_ltre.encode.document_text import document_text
from pyserini_ltre.encode.model import BiEncoder
from pyserini_ltre.encode.settings import POOLINGS
from pyserini_ltre.errors import InputError, exit_on_input_error
from pyserini_ltre.files import check_output_directory
from pyserini_ltre.index.directory import check_docids, write_index_directory


def parse_arguments(argv: list[str] | None = None) -> argparse.Namespace:
    """Command line of ``python -m pyserini_ltre.encode``."""
    parser = argparse.ArgumentParser(prog="python -m pyserini_ltre.encode", description=__doc__)
    parser.add_argument(
        "--collection", required=True, help="folder (BEIR, MS MARCO), Hugging Face data set, python-stdlib"
    )
    parser.add_argument(
        "--encoder", required=True, help="document encoder: model directory, hub name, star or star:PATH"
    )
    parser.add_argument("--output", required=True, help="index directory to write")
    parser.add_argument(
        "--overwrite", action="store_true", help="replace an output directory that is not empty"
    )
    parser.add_argument(
        "--max-length", type=int, help="tokens after which a document is cut (default: the model's)"
    )
    parser.add_argument("--prefix", help="put before each document (default: the model's)")
    parser.add_argument("--pooling", choices=POOLINGS, help="default: what the model directory says")
    parser.add_argument(
        "--allow-partial",
        action="store_true",
        help="load a checkpoint although it lacks weights (they become random) or has others (left out)",
    )
    parser.add_argument("--batch-size", type=int, default=16, help="documents a batch (default: 16)")
    parser.add_argument(
        "--precision",
        choices=PRECISIONS,
        default="fp32",
        help="arithmetic; auto: bf16 if the hardware has it (default: fp32)",
    )
    parser.add_argument("--device", default="cpu", help="cpu, cuda, cuda:1 ... (default: cpu)")
    return parser.parse_args(argv)


@exit_on_input_error
def main(argv: list[str] | None = None) -> None:
    """Encode every document and write the index directory with its ``encoder.json``."""
    arguments = parse_arguments(argv)
    check_output_directory(arguments.output, arguments.overwrite)
    if arguments.batch_size < 1:
        raise InputError(f"--batch-size {arguments.batch_size}: choose 1 or more")
    logging.set_verbosity_error()
    logging.disable_progress_bar()
    collection = open_collection(arguments.collection)
    # Read twice: whatever is wrong is found before anything is encoded, and the texts need not fit in memory.
    docids = [document.docid for document in collection.documents()]
    check_docids(docids)
    location = registry.find_encoder(arguments.encoder)
    encoder = BiEncoder.load(location, pooling=arguments.pooling, allow_partial=arguments.allow_partial)
    encoder.to(arguments.device)
    encoder.update_settings(document_max_length=arguments.max_length, document_prefix=arguments.prefix)
    index = faiss.IndexFlatIP(encoder.dimension)
    form = encoder.settings.document_form
    texts = (document_text(document.title, document.text, form) for document in collection.documents())
    for vectors in encode_stream(
        encoder,
        texts,
        "document",
        arguments.batch_size,
        arguments.precision,
        progress=True,
        total=len(docids),
    ):
        index.add(vectors)
    write_index_directory(arguments.output, index, docids, encoder.document_record(), arguments.overwrite)
    print(f"{index.ntotal} documents x {index.d} in {arguments.output}")


if __name__ == "__main__":
    main()
