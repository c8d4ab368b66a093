"""An encoder as a graph that runs without this package, and mostly without torch."""

import os
from pathlib import Path
from typing import Literal

import torch
from torch import nn

from pyserini_ltre.encode.backends.choice import missing
from pyserini_ltre.encode.backends.graph import write_graph
from pyserini_ltre.encode.model import BiEncoder
from pyserini_ltre.errors import InputError
from pyserini_ltre.files import atomic_directory

Form = Literal["onnx", "openvino"]
# Where sentence-transformers' back ends look.
FILES = {"onnx": "onnx/model.onnx", "openvino": "openvino/openvino_model.xml"}
STATES = "last_hidden_state"


def export_graph(
    encoder: BiEncoder, form: Form, output: str | os.PathLike[str], overwrite: bool = False
) -> Path:
    """Write a model directory with a graph of the encoder in it.

    Parameters
    ----------
    encoder : BiEncoder
        On the CPU.
    form : {"onnx", "openvino"}
        For onnxruntime, ``onnx/model.onnx``; for OpenVINO, ``openvino/openvino_model.xml``.
    output : path
        Directory to write, whole or not at all. It loads here and in sentence-transformers as well, whose back end of
        that name takes the graph.
    overwrite : bool
        Whether a directory that is not empty may be replaced.

    Returns
    -------
    Path
        The graph's file. Inputs ``input_ids`` and ``attention_mask``, int64 (B, L); outputs ``last_hidden_state``,
        (B, L, h), for sentence-transformers, and ``sentence_embedding``, float32 (B, d).

    Raises
    ------
    InputError
        If what converts is not installed, or the encoder cannot be converted.
    """
    lacking = missing(form)
    if lacking:
        raise InputError(f"{' and '.join(lacking)} is not installed: pip install 'pyserini-ltre[{form}]'")
    with atomic_directory(output, overwrite) as partial:
        encoder.save(partial)
        graph = partial / FILES[form]
        graph.parent.mkdir()
        converted = graph.with_name("model.onnx")
        write_graph(encoder, converted, module=_WithStates(encoder), outputs=(STATES,))
        if form == "openvino":
            import openvino

            # Read from its own format, and written in full precision.
            openvino.save_model(
                openvino.Core().read_model(str(converted)), str(graph), compress_to_fp16=False
            )
            converted.unlink()
    return Path(output) / FILES[form]


class _WithStates(nn.Module):
    """Also gives the token states, from which sentence-transformers makes the embedding itself."""

    def __init__(self, encoder: BiEncoder) -> None:
        super().__init__()
        self.encoder = encoder

    def forward(
        self, input_ids: torch.Tensor, attention_mask: torch.Tensor
    ) -> tuple[torch.Tensor, torch.Tensor]:
        states = self.encoder.states(input_ids, attention_mask)
        return states, self.encoder.embed_states(states, attention_mask)
