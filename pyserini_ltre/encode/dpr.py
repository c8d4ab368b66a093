"""Checkpoints of DPR: a BERT for the questions, or one for the passages, and a linear layer if it projects."""

from pathlib import Path
from typing import Any, cast

from torch import nn
from transformers import BertModel, DPRConfig, PreTrainedModel

from pyserini_ltre.encode.named_parts import fill_parts, write_parts
from pyserini_ltre.encode.reading import DAMAGED_MODEL, WHOLE, read_config
from pyserini_ltre.encode.settings import Side
from pyserini_ltre.encode.weights import read_weights
from pyserini_ltre.errors import InputError, blaming

STEMS: dict[Side, str] = {"query": "question_encoder", "document": "ctx_encoder"}
ARCHITECTURES: dict[Side, str] = {"query": "DPRQuestionEncoder", "document": "DPRContextEncoder"}


def read_dpr(directory: Path, allow_partial: bool) -> tuple[PreTrainedModel, nn.Sequential, Side]:
    """Read the BERT, the projection (a head that is often empty) and the side that a checkpoint of DPR is for.

    Parameters
    ----------
    directory : Path
        Holds ``config.json`` and weights named ``question_encoder.*`` or ``ctx_encoder.*``.
    allow_partial : bool
        Whether missing weights become random and unexpected ones are left out, with a warning.

    Raises
    ------
    InputError
        If it is no such checkpoint, or damaged.
    """
    weights = read_weights(directory)
    side = next(
        (side for side, stem in STEMS.items() if any(n.startswith(f"{stem}.") for n in weights)), None
    )
    if side is None:
        raise InputError(
            f"{directory}: no weights question_encoder.* or ctx_encoder.*, so it is no checkpoint of DPR; "
            "leave `encoder_class` out, or name what it is"
        )
    config = cast(DPRConfig, read_config(directory, DPRConfig, allow_partial))
    with blaming(directory, WHOLE, *DAMAGED_MODEL):
        backbone = BertModel(cast(Any, config), add_pooling_layer=False)
        head = nn.Sequential()
        if config.projection_dim > 0:
            head.append(nn.Linear(config.hidden_size, config.projection_dim))
    # Of the pooler that older versions stored nothing is used, and positions are computed.
    left_out = tuple(f"{STEMS[side]}.bert_model.{name}" for name in ("pooler.", "embeddings.position_ids"))
    weights = {name: value for name, value in weights.items() if not name.startswith(left_out)}
    fill_parts(directory, ARCHITECTURES[side], _parts(backbone, head, side), weights, allow_partial)
    return backbone, head, side


def write_dpr(directory: Path, backbone: PreTrainedModel, head: nn.Sequential, side: Side) -> None:
    """Write a checkpoint that transformers' classes of DPR read; a head begins with the projection if there is one."""
    write_parts(directory, backbone.config, ARCHITECTURES[side], _parts(backbone, head, side))


def _parts(backbone: nn.Module, head: nn.Sequential, side: Side) -> dict[str, nn.Module]:
    stem = STEMS[side]
    projected = getattr(backbone.config, "projection_dim", 0) > 0
    return {f"{stem}.bert_model": backbone, **({f"{stem}.encode_proj": head[0]} if projected else {})}
