"""Encode many texts: batches of similar length, no gradients, a progress bar."""

from collections.abc import Iterable, Iterator
from contextlib import nullcontext
from itertools import islice
from typing import Literal

import numpy as np
import torch
from tqdm import tqdm

from pyserini_ltre.encode.model import BiEncoder
from pyserini_ltre.encode.settings import Side
from pyserini_ltre.errors import InputError

# Texts that are tokenised and sorted together: enough for batches of equal length, small enough to stream.
WINDOW = 8192
Precision = Literal["fp32", "bf16", "auto"]


def resolve_precision(precision: str, device: torch.device) -> str:
    """Turn ``auto`` into ``bf16`` where the device computes in it, and into ``fp32`` elsewhere."""
    if precision != "auto":
        return precision
    if device.type == "cuda":
        return "bf16" if torch.cuda.is_bf16_supported() else "fp32"
    capabilities = torch.cpu.get_capabilities()
    return "bf16" if capabilities.get("avx512_bf16") or capabilities.get("amx_bf16") else "fp32"


def encode_texts(
    encoder: BiEncoder,
    texts: list[str],
    side: Side,
    batch_size: int = 32,
    precision: str = "fp32",
    progress: bool = False,
) -> np.ndarray:
    """Encode texts.

    Parameters
    ----------
    encoder : BiEncoder
        The encoder; its mode (training or evaluation) is put back afterwards.
    texts : list of str
        N texts.
    side : {"query", "document"}
        Which prefix and length apply.
    batch_size : int
        Texts a batch.
    precision : {"fp32", "bf16", "auto"}
        Arithmetic of the backbone (``auto``: bf16 where the device has it); the result is float32 either way.
    progress : bool
        Whether to show a bar with rate and time left.

    Returns
    -------
    ndarray (N, d) float32
        Embeddings in the order of `texts`.
    """
    windows = list(encode_stream(encoder, texts, side, batch_size, precision, progress, len(texts)))
    return np.concatenate(windows) if windows else np.empty((0, encoder.dimension), np.float32)


def encode_stream(
    encoder: BiEncoder,
    texts: Iterable[str],
    side: Side,
    batch_size: int = 32,
    precision: str = "fp32",
    progress: bool = False,
    total: int | None = None,
) -> Iterator[np.ndarray]:
    """Encode texts that need not fit in memory, window by window; parameters as for `encode_texts`.

    Yields
    ------
    ndarray (n, d) float32
        Embeddings of the next window of texts, in order.
    """
    texts = iter(texts)
    with tqdm(total=total, unit=f" {side}", desc=f"encoding {side} texts", disable=not progress) as bar:
        while window := list(islice(texts, WINDOW)):
            yield _encode_window(encoder, window, side, batch_size, precision, bar)


def check_finite(vectors: np.ndarray, encoder: BiEncoder) -> np.ndarray:
    """Return embeddings (N, d); an `InputError` refuses an encoder that gave numbers which are not finite."""
    if not np.isfinite(vectors).all():
        raise InputError(
            f"{encoder.name}: an embedding is not finite; give an encoder whose weights are sound"
        )
    return vectors


@torch.inference_mode()
def _encode_window(
    encoder: BiEncoder, texts: list[str], side: Side, batch_size: int, precision: str, bar: tqdm
) -> np.ndarray:
    """Encode one window, shortest texts together so that little is spent on padding."""
    token_ids = encoder.tokenize(texts, side)
    by_length = sorted(range(len(texts)), key=lambda i: len(token_ids[i]))
    vectors = np.empty((len(texts), encoder.dimension), np.float32)
    was_training = encoder.training
    encoder.eval()
    half = resolve_precision(precision, encoder.device) == "bf16"
    autocast = torch.autocast(encoder.device.type, torch.bfloat16) if half else nullcontext()
    try:
        with autocast:
            for start in range(0, len(texts), batch_size):
                rows = by_length[start : start + batch_size]
                embeddings = encoder(**encoder.pad([token_ids[i] for i in rows]))
                vectors[rows] = embeddings.float().cpu().numpy()
                bar.update(len(rows))
    finally:
        encoder.train(was_training)
    return vectors
