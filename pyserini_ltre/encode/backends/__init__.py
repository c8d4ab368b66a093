"""What computes an encoder's forward pass: torch, or the same graph in OpenVINO or onnxruntime.

`forward` says what a forward pass is, and has torch's; `graph` converts an encoder, `graph_files` keeps what came out
beside the registry, `int8` rounds it; `openvino` and `onnx` run it; `choice` picks one, and checks that it agrees with
torch.
"""

from pyserini_ltre.encode.backends.choice import BACKENDS, Backend, choose
from pyserini_ltre.encode.backends.forward import PRECISIONS, ForwardPass, Precision

__all__ = ["BACKENDS", "PRECISIONS", "Backend", "ForwardPass", "Precision", "choose"]
