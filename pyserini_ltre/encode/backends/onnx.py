"""The forward pass in onnxruntime."""

from pathlib import Path

import numpy as np

from pyserini_ltre.encode.backends.forward import Batch
from pyserini_ltre.encode.backends.graph import INPUTS


class OnnxPass:
    """A graph in onnxruntime, a thread for each batch; see `ForwardPass`."""

    backend = "onnx"

    def __init__(self, graph: Path, precision: str, streams: int) -> None:
        import onnxruntime

        self.precision = precision
        self.streams = streams
        options = onnxruntime.SessionOptions()
        options.intra_op_num_threads = 1
        options.log_severity_level = 3  # errors only
        self._session = onnxruntime.InferenceSession(graph, options, providers=["CPUExecutionProvider"])

    def __call__(self, batch: Batch) -> np.ndarray:
        """Embed a batch."""
        embeddings: np.ndarray = self._session.run(None, {name: batch[name].numpy() for name in INPUTS})[0]
        return embeddings
