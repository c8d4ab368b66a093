"""Which forward pass is taken: what was asked for, or the fastest that is installed and agrees with torch."""

import importlib.util
from typing import Literal, get_args

import numpy as np
import torch

from pyserini_ltre.encode.backends.forward import (
    FeedbackPass,
    ForwardPass,
    TorchPass,
    computes_bf16,
    resolve_precision,
)
from pyserini_ltre.encode.model import BiEncoder
from pyserini_ltre.errors import InputError, remark

Backend = Literal["torch", "openvino", "onnx", "auto"]
BACKENDS: tuple[str, ...] = get_args(Backend)
# Besides torch, and the modules that each needs: what is installed with an extra of its name. The first is the fastest
# with batches, the last with single texts.
OTHERS = {"openvino": ("openvino", "onnx", "onnxscript"), "onnx": ("onnxruntime", "onnx", "onnxscript")}
COMPUTES = {"torch": ("fp32", "bf16"), "openvino": ("fp32", "bf16"), "onnx": ("fp32", "int8")}
# Converting takes as long as encoding some hundred texts.
WORTH_CONVERTING = 2000
# Least cosine to torch's embedding in fp32.
AGREES = {"fp32": 0.9999, "bf16": 0.999, "int8": 0.9}
# Of several lengths, of which one pads the others.
CHECKED = ["x", "what is it", "an open question about a sorted list " * 8, "sort " * 60]


def choose(
    encoder: BiEncoder, backend: str, precision: str, texts: int | None = None, one_by_one: bool = False
) -> ForwardPass:
    """Get a forward pass.

    Parameters
    ----------
    encoder : BiEncoder
        The encoder; on another device than the CPU, torch computes.
    backend : {"torch", "openvino", "onnx", "auto"}
        What computes. ``auto``: the faster of ``openvino`` and ``onnx`` that is installed, computes in the precision
        and agrees with torch; else torch.
    precision : {"fp32", "bf16", "int8", "auto"}
        Arithmetic (``auto``: bf16 where the device has it).
    texts : int, optional
        Number of texts to encode, if known: ``auto`` converts nothing for few.
    one_by_one : bool
        Whether they come one at a time, as queries do, not in batches.

    Raises
    ------
    InputError
        If what was asked for is not installed, does not compute so, cannot be converted, or does not agree.

    Warns
    -----
    UserWarning
        With ``auto``, if one could not be used.
    """
    if encoder.feedback is not None:
        reading = encoder.feedback.reading
        part = encoder.without_feedback() if reading is None else reading.reader
        return FeedbackPass(encoder, choose(part, backend, precision, texts, one_by_one))
    resolved = resolve_precision(precision, encoder.device)
    if backend not in BACKENDS:
        raise InputError(f"`backend` {backend}: use one of {', '.join(BACKENDS)}")
    if backend in OTHERS:
        return _other(encoder, backend, precision, resolved)
    if backend == "auto" and encoder.device.type == "cpu" and (texts is None or texts >= WORTH_CONVERTING):
        for other in reversed(OTHERS) if one_by_one else OTHERS:
            if resolved in COMPUTES[other] and not missing(other):
                try:
                    return _other(encoder, other, precision, resolved)
                except InputError as error:
                    remark(f"{other} is not used: {error}")
    if resolved not in COMPUTES["torch"]:
        raise InputError(f"`precision` {resolved}: torch computes in {_either('torch')}; use `backend` onnx")
    return TorchPass(encoder, resolved)


def _other(encoder: BiEncoder, backend: str, precision: str, resolved: str) -> ForwardPass:
    """A back end beside torch, checked."""
    if resolved not in COMPUTES[backend] and precision == "auto":
        resolved = "fp32"
    if resolved not in COMPUTES[backend]:
        raise InputError(f"`precision` {resolved}: {backend} computes in {_either(backend)}; use one of them")
    if encoder.device.type != "cpu":
        raise InputError(f"`backend` {backend} computes on the CPU only; leave it, or `device`, out")
    if resolved == "bf16" and not computes_bf16(encoder.device):
        raise InputError("`precision` bf16: this processor has no instructions for it; use fp32")
    lacking = missing(backend)
    if lacking:
        raise InputError(
            f"`backend` {backend} needs {' and '.join(lacking)}: pip install 'pyserini-ltre[{backend}]'"
        )
    # Imported where one is used: with torch, none of it is needed.
    from pyserini_ltre.encode.backends.graph_files import graph_file
    from pyserini_ltre.encode.backends.onnx import OnnxPass
    from pyserini_ltre.encode.backends.openvino import OpenVinoPass

    graph = graph_file(encoder, "int8" if resolved == "int8" else "fp32")
    kind: type[OpenVinoPass] | type[OnnxPass] = OpenVinoPass if backend == "openvino" else OnnxPass
    try:
        forward: ForwardPass = kind(graph, resolved, torch.get_num_threads())
    except RuntimeError as error:
        said = str(error).strip().splitlines()[-1][:120]
        raise InputError(f"{encoder.name}: {backend} cannot run it ({said}); use `backend` torch") from error
    _check(encoder, forward)
    return forward


def _either(backend: str) -> str:
    return " or ".join(COMPUTES[backend])


def missing(backend: str) -> list[str]:
    """The modules that a back end needs and that are not installed."""
    return [module for module in OTHERS[backend] if importlib.util.find_spec(module) is None]


def _check(encoder: BiEncoder, forward: ForwardPass) -> None:
    """Compare a few texts with torch."""
    batch = encoder.pad(encoder.tokenize(CHECKED, encoder.sides[0]))
    expected, found = (np.float64(of(batch)) for of in (TorchPass(encoder, "fp32"), forward))
    lengths = np.linalg.norm(expected, axis=1) * np.linalg.norm(found, axis=1)
    cosines = (expected * found).sum(1) / np.where(lengths == 0, 1, lengths)
    least = float(np.min(cosines)) if np.isfinite(cosines).all() else float("nan")
    if not least >= AGREES[forward.precision]:
        raise InputError(
            f"{encoder.name}: {forward.backend} embeds otherwise than torch (cosine {least:.4f}); use `backend` torch"
        )
