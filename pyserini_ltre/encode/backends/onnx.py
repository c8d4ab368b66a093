"""The forward pass in onnxruntime."""

from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from pyserini_ltre.encode.backends.forward import Batch
from pyserini_ltre.encode.backends.graph import INPUTS

if TYPE_CHECKING:
    from onnxruntime import InferenceSession


def session_of(graph: Path | bytes) -> "InferenceSession":
    """A session on one thread, which tells errors only."""
    import onnxruntime

    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = 1
    options.log_severity_level = 3
    return onnxruntime.InferenceSession(graph, options, providers=["CPUExecutionProvider"])


class OnnxPass:
    """A graph in onnxruntime, a thread for each batch; see `ForwardPass`."""

    backend = "onnx"

    def __init__(self, graph: Path, precision: str, streams: int) -> None:
        self.precision = precision
        self.streams = streams
        self._session = session_of(graph)

    def __call__(self, batch: Batch) -> np.ndarray:
        """Embed a batch."""
        embeddings: np.ndarray = self._session.run(None, {name: batch[name].numpy() for name in INPUTS})[0]
        return embeddings
