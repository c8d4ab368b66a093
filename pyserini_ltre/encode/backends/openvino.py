"""The forward pass in OpenVINO."""

import threading
from pathlib import Path

import numpy as np

from pyserini_ltre.encode.backends.forward import Batch
from pyserini_ltre.encode.backends.graph import INPUTS

HINTS = {"fp32": "f32", "bf16": "bf16"}


class OpenVinoPass:
    """A graph in OpenVINO, a thread for each batch; see `ForwardPass`.

    It is read and run, never converted by OpenVINO's own converter: that reports to Intel unless it was told not to.
    """

    backend = "openvino"

    def __init__(self, graph: Path, precision: str, streams: int) -> None:
        import openvino

        self.precision = precision
        self.streams = streams
        settings = {
            "INFERENCE_NUM_THREADS": streams,
            "NUM_STREAMS": streams,
            "INFERENCE_PRECISION_HINT": HINTS[precision],
        }
        self._compiled = openvino.Core().compile_model(str(graph), "CPU", settings)
        self._of_thread = threading.local()

    def __call__(self, batch: Batch) -> np.ndarray:
        """Embed a batch."""
        if not hasattr(self._of_thread, "request"):
            self._of_thread.request = self._compiled.create_infer_request()
        result = self._of_thread.request.infer({name: batch[name].numpy() for name in INPUTS})
        embeddings: np.ndarray = result[0].copy()  # the next batch is written over it
        return embeddings
