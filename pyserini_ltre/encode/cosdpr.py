"""Checkpoints of cosDPR: BERT, its CLS state, a linear layer, and vectors of length 1."""

from pathlib import Path
from typing import cast

from torch import nn
from transformers import BertConfig, BertModel, PreTrainedModel

from pyserini_ltre.encode.head import Normalize
from pyserini_ltre.encode.named_parts import fill_parts, write_parts
from pyserini_ltre.encode.reading import DAMAGED_MODEL, WHOLE, read_config
from pyserini_ltre.encode.weights import read_weights
from pyserini_ltre.errors import blaming

ARCHITECTURE = "CosDprEncoder"
NOT_WEIGHTS = ("bert.pooler.", "bert.embeddings.position_ids")


def read_cosdpr(directory: Path, allow_partial: bool) -> tuple[PreTrainedModel, nn.Sequential]:
    """Read BERT and the head, Linear and Normalize, of weights named ``bert.*`` and ``linear.*``.

    An `InputError` says if they are others; with `allow_partial`, missing ones become random, with a warning.
    """
    weights = read_weights(directory)
    config = cast(BertConfig, read_config(directory, BertConfig, allow_partial))
    with blaming(directory, WHOLE, *DAMAGED_MODEL):
        backbone = BertModel(config, add_pooling_layer=False)
    linear = nn.Linear(config.hidden_size, config.hidden_size)
    weights = {name: value for name, value in weights.items() if not name.startswith(NOT_WEIGHTS)}
    fill_parts(directory, ARCHITECTURE, {"bert": backbone, "linear": linear}, weights, allow_partial)
    return backbone, nn.Sequential(linear, Normalize())


def write_cosdpr(directory: Path, backbone: PreTrainedModel, head: nn.Sequential) -> None:
    """Write a checkpoint with the names that Pyserini's class reads; `head` begins with Linear."""
    write_parts(
        directory, backbone.config, ARCHITECTURE, {"bert": backbone, "linear": head[0]}, pyserinis=True
    )
