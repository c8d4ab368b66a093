"""Converted graphs, kept beside the registry by the fingerprint of the weights they came from."""

import hashlib
from importlib.metadata import version
from pathlib import Path

from pyserini_ltre.encode.backends.graph import write_graph
from pyserini_ltre.encode.backends.int8 import fits_eight_bits, write_int8
from pyserini_ltre.encode.fingerprint import weights_fingerprint
from pyserini_ltre.encode.model import BiEncoder
from pyserini_ltre.errors import InputError
from pyserini_ltre.files import atomic_directory
from pyserini_ltre.home import home, locked
from pyserini_ltre.json_files import read_json, write_json

MODEL, SUMS = "model.onnx", "sums.json"
# Another number here has every graph made again.
FORM = 3


def graph_file(encoder: BiEncoder, precision: str) -> Path:
    """Find the graph of an encoder, or make it.

    Parameters
    ----------
    encoder : BiEncoder
        On the CPU.
    precision : {"fp32", "int8"}
        Of its weights.

    Returns
    -------
    Path
        An ONNX file. One that is damaged is made again.

    Raises
    ------
    InputError
        If it cannot be converted, or the folder of the registry cannot be written to.
    """
    eight_bits = fits_eight_bits()
    kind = "int7" if precision == "int8" and not eight_bits else precision
    folder = home() / "graphs" / f"{graph_name(encoder)}-{kind}"
    if _is_whole(folder):
        return folder / MODEL
    whole = graph_file(encoder, "fp32") if precision == "int8" else None
    with locked(f"graph-{folder.name[:40]}"):
        if not _is_whole(folder):
            with atomic_directory(folder, overwrite=True) as partial:
                if whole is None:
                    write_graph(encoder, partial / MODEL)
                else:
                    write_int8(encoder, whole, partial / MODEL, eight_bits)
                write_json(partial / SUMS, {MODEL: _sum(partial / MODEL)})
    return folder / MODEL


def graph_name(encoder: BiEncoder) -> str:
    """What a graph depends on: weights, how they are put together, and what converts them."""
    settings = encoder.settings
    made = (
        FORM,
        version("torch"),
        version("onnxscript"),
        settings.pooling,
        settings.family,
        str(encoder.head),
        type(encoder).__name__,
    )
    return hashlib.sha256(
        f"{weights_fingerprint(encoder)} {made} {encoder.backbone.config}".encode()
    ).hexdigest()


def _is_whole(folder: Path) -> bool:
    file = folder / MODEL
    try:
        return file.is_file() and read_json(folder / SUMS).get(MODEL) == _sum(file)
    except InputError:  # damaged as well
        return False


def _sum(file: Path) -> str:
    with open(file, "rb") as opened:
        return hashlib.file_digest(opened, "sha256").hexdigest()
