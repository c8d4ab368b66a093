"""Encode many texts: batches of similar length, no gradients, a progress bar."""

from collections.abc import Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from itertools import islice

import numpy as np
from tqdm import tqdm

from pyserini_ltre.encode.backends import ForwardPass, choose
from pyserini_ltre.encode.equal_lengths import one_thread
from pyserini_ltre.encode.model import BiEncoder
from pyserini_ltre.encode.settings import Side
from pyserini_ltre.errors import InputError

# Texts that are tokenised and sorted together: enough for batches of equal length, small enough to stream.
WINDOW = 8192


def encode_texts(
    encoder: BiEncoder,
    texts: list[str],
    side: Side,
    batch_size: int = 32,
    precision: str = "fp32",
    progress: bool = False,
    backend: str = "torch",
) -> np.ndarray:
    """Encode texts.

    Parameters
    ----------
    encoder : BiEncoder
        The encoder; it embeds in evaluation mode, and is left in the mode that it was in.
    texts : list of str
        N texts.
    side : {"query", "document"}
        Which prefix and length apply.
    batch_size : int
        Texts a batch.
    precision : {"fp32", "bf16", "int8", "auto"}
        Arithmetic of the backbone (``auto``: bf16 where the device has it); the result is float32 in any case.
    progress : bool
        Whether to show a bar with rate and time left.
    backend : {"torch", "openvino", "onnx", "auto"}
        What computes; see `pyserini_ltre.encode.backends.choose`.

    Returns
    -------
    ndarray (N, d) float32
        Embeddings in the order of `texts`.
    """
    windows = list(encode_stream(encoder, texts, side, batch_size, precision, progress, len(texts), backend))
    return np.concatenate(windows) if windows else np.empty((0, encoder.dimension), np.float32)


def encode_stream(
    encoder: BiEncoder,
    texts: Iterable[str],
    side: Side,
    batch_size: int = 32,
    precision: str = "fp32",
    progress: bool = False,
    total: int | None = None,
    backend: str | ForwardPass = "torch",
) -> Iterator[np.ndarray]:
    """Encode texts that need not fit in memory, window by window; parameters as for `encode_texts`.

    `backend` may be a forward pass that has been chosen.

    Yields
    ------
    ndarray (n, d) float32
        Embeddings of the next window of texts, in order.
    """
    texts = iter(texts)
    forward = choose(encoder, backend, precision, total) if isinstance(backend, str) else backend
    with tqdm(total=total, unit=f" {side}", desc=f"encoding {side} texts", disable=not progress) as bar:
        while window := list(islice(texts, WINDOW)):
            yield encode_token_ids(encoder, encoder.tokenize(window, side), forward, batch_size, bar)


def check_finite(vectors: np.ndarray, encoder: BiEncoder) -> np.ndarray:
    """Return embeddings (N, d); an `InputError` refuses an encoder that gave numbers which are not finite."""
    if not np.isfinite(vectors).all():
        raise InputError(
            f"{encoder.name}: an embedding is not finite; give an encoder whose weights are sound"
        )
    return vectors


def encode_token_ids(
    encoder: BiEncoder, token_ids: list[list[int]], forward: ForwardPass, batch_size: int, bar: tqdm
) -> np.ndarray:
    """Encode texts that are tokens already, shortest together so that little is spent on padding.

    Parameters
    ----------
    encoder : BiEncoder
        The encoder.
    token_ids : list of list of int
        Token ids of N texts.
    forward : ForwardPass
        What computes.
    batch_size : int
        Texts a batch.
    bar : tqdm
        Told of each batch.

    Returns
    -------
    ndarray (N, d) float32
        Embeddings in their order.
    """
    by_length = sorted(range(len(token_ids)), key=lambda i: len(token_ids[i]))
    batches = [by_length[start : start + batch_size] for start in range(0, len(by_length), batch_size)]
    vectors = np.empty((len(token_ids), encoder.dimension), np.float32)

    def embed(rows: list[int]) -> int:
        vectors[rows] = forward(encoder.pad([token_ids[i] for i in rows]))
        return len(rows)

    if forward.streams == 1:
        for rows in batches:
            bar.update(embed(rows))
        return vectors
    # torch only pads here, and its threads would wait for work in the way of the others. The longest first: at the end
    # no thread waits long for another.
    with one_thread(), ThreadPoolExecutor(forward.streams) as workers:
        for count in workers.map(embed, batches[::-1]):
            bar.update(count)
    return vectors
