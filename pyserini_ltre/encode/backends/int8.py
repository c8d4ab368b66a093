"""Graphs in int8, after SmoothQuant (Xiao et al., 2211.10438): what is hard to round goes from activations to weights.

An activation is rounded with one scale for all its channels, and where a few of these are far larger than the others,
what the others say is lost. So each is divided by the square root of its largest value, and its row of the weights is
multiplied by it: the product stays, the peaks shrink. (Eq. 4 there divides by the weights' peaks, too; with
all-MiniLM-L6-v2 that was worse than leaving it out: a mean cosine of .990 instead of .997.) Weights have a scale each
column.
"""

from collections.abc import Iterable
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import torch

from pyserini_ltre.encode.backends.forward import Batch
from pyserini_ltre.encode.backends.graph import INPUTS, quiet
from pyserini_ltre.encode.backends.onnx import session_of
from pyserini_ltre.encode.model import BiEncoder

if TYPE_CHECKING:
    from onnx import ModelProto, NodeProto

# Texts of words drawn from the vocabulary: the large channels are the model's own, whatever is read, so it takes no
# collection, and no language.
TEXTS, SHORTEST, LONGEST = 48, 3, 60
# The power of the peak that goes over to the weights.
MIGRATION = 0.5
# A channel that is never anything needs no scale.
LEAST_PEAK = 1e-5


def fits_eight_bits() -> bool:
    """Whether weights may have eight bits: x86 before VNNI adds two products of bytes in 16 bits, which overflow."""
    able = torch.cpu.get_capabilities()
    return able.get("architecture") != "x86_64" or bool(able.get("avx512_vnni") or able.get("avx_vnni"))


def write_int8(encoder: BiEncoder, whole: Path, path: Path, eight_bits: bool) -> None:
    """Round the weights of a graph to int8; activations are rounded when it runs, batch by batch.

    Parameters
    ----------
    encoder : BiEncoder
        What was converted: its tokenizer makes the texts that show which channels are large.
    whole : Path
        Its graph in fp32.
    path : Path
        File to write.
    eight_bits : bool
        Whether weights have eight bits, or seven; see `fits_eight_bits`.
    """
    import onnx
    from onnxruntime.quantization import QuantType, quantize_dynamic

    model = onnx.load(whole)
    weights = {
        one.name: onnx.numpy_helper.to_array(one) for one in model.graph.initializer if len(one.dims) == 2
    }
    products: dict[str, list[NodeProto]] = {}
    for node in model.graph.node:
        if node.op_type == "MatMul" and node.input[1] in weights:
            products.setdefault(node.input[0], []).append(node)
    peaks = _peaks(model, list(products), _random_batches(encoder))
    for activation, nodes in products.items():
        scales = np.maximum(peaks[activation], LEAST_PEAK) ** MIGRATION
        _migrate(model, nodes, weights, (scales / np.exp(np.log(scales).mean())).astype(np.float32))
    with quiet():
        quantize_dynamic(
            model,
            path,
            op_types_to_quantize=["MatMul", "Gemm"],
            weight_type=QuantType.QInt8,
            per_channel=True,
            reduce_range=not eight_bits,
        )


def _random_batches(encoder: BiEncoder) -> Iterable[Batch]:
    tokenizer = encoder.tokenizer
    # A tokenizer may know words that have no embedding.
    words = min(len(tokenizer), getattr(encoder.backbone.config, "vocab_size", len(tokenizer)))
    random = np.random.default_rng(0)
    for _ in range(TEXTS):
        drawn = random.integers(0, words, random.integers(SHORTEST, LONGEST))
        text = str(tokenizer.decode(drawn.tolist(), skip_special_tokens=True))
        yield encoder.pad(encoder.tokenize([text], encoder.sides[0]))


def _peaks(model: "ModelProto", activations: list[str], batches: Iterable[Batch]) -> dict[str, np.ndarray]:
    """Largest absolute value of each channel of some activations: (K,) each."""
    import onnx

    watched = onnx.ModelProto()
    watched.CopyFrom(model)
    for name in activations:
        watched.graph.output.append(onnx.helper.make_tensor_value_info(name, onnx.TensorProto.FLOAT, None))
    session = session_of(watched.SerializeToString())
    peaks: dict[str, np.ndarray] = dict.fromkeys(activations, np.zeros(1, np.float32))
    for batch in batches:
        values = session.run(activations, {name: batch[name].numpy() for name in INPUTS})
        for name, value in zip(activations, values, strict=True):
            peaks[name] = np.maximum(peaks[name], np.abs(value).reshape(-1, value.shape[-1]).max(0))
    return peaks


def _migrate(
    model: "ModelProto", nodes: list["NodeProto"], weights: dict[str, np.ndarray], scales: np.ndarray
) -> None:
    """Divide an activation by scales (K,), and multiply the weights (K, N) of the products that take it."""
    from onnx import helper, numpy_helper

    activation = nodes[0].input[0]
    scaled = f"{activation}_scaled"
    model.graph.initializer.append(numpy_helper.from_array(1 / scales, f"{scaled}_by"))
    place = list(model.graph.node).index(nodes[0])
    model.graph.node.insert(place, helper.make_node("Mul", [activation, f"{scaled}_by"], [scaled]))
    for number, node in enumerate(nodes):
        # Of its own: layers may share their weights.
        name = f"{node.input[1]}_{activation}_{number}"
        model.graph.initializer.append(
            numpy_helper.from_array(weights[node.input[1]] * scales[:, None], name)
        )
        node.input[0], node.input[1] = scaled, name
