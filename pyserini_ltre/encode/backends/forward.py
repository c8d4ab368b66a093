"""What a forward pass is, and that of torch."""

from collections.abc import Mapping
from contextlib import nullcontext
from typing import Literal, Protocol, get_args

import numpy as np
import torch

from pyserini_ltre.encode.model import BiEncoder

Precision = Literal["fp32", "bf16", "int8", "auto"]
PRECISIONS: tuple[str, ...] = get_args(Precision)
Batch = Mapping[str, torch.Tensor]


class ForwardPass(Protocol):
    """Embeds padded batches.

    Attributes
    ----------
    backend, precision : str
        What computes, and in which arithmetic: ``fp32``, ``bf16`` or ``int8``.
    streams : int
        Batches that may be given at the same time, each from a thread of its own.
    """

    backend: str
    precision: str
    streams: int

    def __call__(self, batch: Batch) -> np.ndarray:
        """Embed a batch as `BiEncoder.pad` gives it: (B, d) float32."""


class TorchPass:
    """The encoder as it is; see `ForwardPass`."""

    backend = "torch"
    streams = 1

    def __init__(self, encoder: BiEncoder, precision: str) -> None:
        self.encoder = encoder
        self.precision = precision

    @torch.inference_mode()
    def __call__(self, batch: Batch) -> np.ndarray:
        """Embed a batch, in evaluation mode."""
        device = self.encoder.device.type
        training = self.encoder.training
        if training:
            self.encoder.eval()
        try:
            with torch.autocast(device, torch.bfloat16) if self.precision == "bf16" else nullcontext():
                embeddings = self.encoder(**batch)
            return embeddings.float().cpu().numpy()
        finally:
            if training:
                self.encoder.train()


class FeedbackPass:
    """First embeddings by another pass, and what feedback makes of them; see `ForwardPass`.

    Parameters
    ----------
    encoder : BiEncoder
        Has feedback.
    forward : ForwardPass
        Of the same encoder without; where feedback reads texts, of its reader, which embeds queries alone alike.
    """

    def __init__(self, encoder: BiEncoder, forward: ForwardPass) -> None:
        self.encoder = encoder
        self.forward = forward
        self.backend, self.precision, self.streams = forward.backend, forward.precision, forward.streams

    @torch.inference_mode()
    def __call__(self, batch: Batch) -> np.ndarray:
        """Embed a batch, and search in between."""
        first = torch.from_numpy(self.forward(batch)).to(self.encoder.device)
        return self.encoder.second(first, **batch, embed=self.forward).cpu().numpy()


def computes_bf16(device: torch.device) -> bool:
    """Whether a device has instructions for bfloat16."""
    if device.type == "cuda":
        return torch.cuda.is_bf16_supported()
    capabilities = torch.cpu.get_capabilities()
    return bool(capabilities.get("avx512_bf16") or capabilities.get("amx_bf16"))


def resolve_precision(precision: str, device: torch.device) -> str:
    """Turn ``auto`` into ``bf16`` where the device computes in it, and into ``fp32`` elsewhere."""
    if precision != "auto":
        return precision
    return "bf16" if computes_bf16(device) else "fp32"
