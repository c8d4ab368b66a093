"""An encoder as one ONNX graph, from token ids and mask to the embedding: pooling, head and adapter are in it."""

import logging
import re
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import torch
from torch import nn

from pyserini_ltre.encode.feedback import refuse_feedback
from pyserini_ltre.encode.model import BiEncoder
from pyserini_ltre.errors import InputError

INPUTS = ("input_ids", "attention_mask")
OUTPUT = "sentence_embedding"
# The first with attention as one operator, which the runtimes compute in one go. With rotary positions, torch makes an
# operator of these as well, that onnxruntime runs for a single text only: the exporter's own choice, then.
OPSET = 23
# Two texts, one of them padded: sizes of 1 would be taken for constants.
EXAMPLE = ["an example of a text of some words", "a text"]


def write_graph(
    encoder: BiEncoder, path: Path, module: nn.Module | None = None, outputs: tuple[str, ...] = ()
) -> None:
    """Convert an encoder to ONNX, with any number of texts and tokens.

    Parameters
    ----------
    encoder : BiEncoder
        On the CPU.
    path : Path
        File to write. Inputs ``input_ids`` and ``attention_mask``, int64 (B, L); output ``sentence_embedding``, float32
        (B, d).
    module : Module, optional
        What to convert in the encoder's place: gives something more before the embedding.
    outputs : tuple of str
        What that is called.

    Raises
    ------
    InputError
        If it searches an index while it embeds, or torch cannot convert it: the operator is named where torch names it.
    """
    refuse_feedback(encoder, "a graph")
    side = encoder.sides[0]
    batch = encoder.pad(encoder.tokenize(EXAMPLE, side))
    sizes = {0: "texts", 1: "tokens"}
    training = encoder.training
    encoder.eval()
    try:
        with quiet(), torch.no_grad():
            torch.onnx.export(
                module or encoder,
                tuple(batch[name] for name in INPUTS),
                str(path),
                input_names=list(INPUTS),
                output_names=[*outputs, OUTPUT],
                dynamic_shapes=(sizes, sizes),
                dynamo=True,
                opset_version=None if hasattr(encoder.backbone.config, "rope_parameters") else OPSET,
                external_data=False,
                verbose=False,
            )
    except Exception as error:  # whatever torch's exporter meets in a model that it does not know
        raise InputError(
            f"{encoder.name}: cannot be converted to ONNX ({_reason(error)}); use `backend` torch"
        ) from error
    finally:
        encoder.train(training)


def _reason(error: BaseException) -> str:
    """The operator that could not be converted, or the first line of what was said."""
    texts = []
    cause: BaseException | None = error
    while cause is not None:
        texts.append(str(cause))
        cause = cause.__cause__ or cause.__context__
    found = re.search(r"\b(?:aten|prims|torchvision|_operator)[.:]+[\w.]+", "\n".join(texts))
    return found[0] if found else (texts[-1].strip().splitlines() or [type(error).__name__])[0][:120]


@contextmanager
def quiet() -> Iterator[None]:
    """Keep what converts and rounds from telling what it does."""
    # The quantiser of onnxruntime tells it to the root.
    loggers = [logging.getLogger(name) for name in ("torch.onnx", "onnxscript", "onnx_ir", None)]
    levels = [logger.level for logger in loggers]
    for logger in loggers:
        logger.setLevel(logging.ERROR)
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            yield
    finally:
        for logger, level in zip(loggers, levels, strict=True):
            logger.setLevel(level)
