"""RobertaDot checkpoints (ANCE, STAR, ADORE): RoBERTa, its CLS state, a linear layer and a LayerNorm."""

from pathlib import Path

import torch
from safetensors.torch import load_file
from torch import nn
from transformers import AutoConfig, PreTrainedModel, RobertaModel

from pyserini_ltre.encode.settings import read_json
from pyserini_ltre.errors import InputError

# Buffers that older versions of transformers stored and newer ones compute, and RoBERTa's unused pooler.
NOT_WEIGHTS = ("roberta.embeddings.position_ids", "roberta.pooler.")
# How the architecture is called by those who published ANCE, STAR and ADORE, and by Pyserini.
ARCHITECTURES = ("RobertaDot", "AnceEncoder")


def is_robertadot(directory: Path) -> bool:
    """Whether a model directory says that it is a RobertaDot."""
    architectures = read_json(directory / "config.json").get("architectures") or []
    return any(name.startswith(ARCHITECTURES) for name in architectures)


def read_robertadot(directory: Path) -> tuple[PreTrainedModel, nn.Sequential]:
    """Read the backbone and the head of a RobertaDot checkpoint.

    Parameters
    ----------
    directory : Path
        Holds ``config.json`` and ``model.safetensors`` or ``pytorch_model.bin`` with the names ``roberta.*``,
        ``embeddingHead.*`` and ``norm.*``.

    Returns
    -------
    backbone : PreTrainedModel
        RoBERTa without its pooler.
    head : nn.Sequential
        Linear and LayerNorm.

    Raises
    ------
    InputError
        If weights are missing, or there are weights of another model.
    """
    file = directory / "model.safetensors"
    if file.is_file():
        weights = load_file(file)
    else:
        weights = torch.load(directory / "pytorch_model.bin", map_location="cpu", weights_only=True)
    weights = {name: value for name, value in weights.items() if not name.startswith(NOT_WEIGHTS)}
    config = AutoConfig.from_pretrained(directory)
    backbone = RobertaModel(config, add_pooling_layer=False)
    if "embeddingHead.weight" not in weights:
        raise InputError(
            f"{directory}: a RobertaDot without embeddingHead.weight; take the complete checkpoint"
        )
    rows, columns = weights["embeddingHead.weight"].shape
    parts = nn.ModuleDict(
        {"roberta": backbone, "embeddingHead": nn.Linear(columns, rows), "norm": nn.LayerNorm(rows)}
    )
    missing, unexpected = parts.load_state_dict(weights, strict=False)
    if missing or unexpected:
        names = ", ".join([f"missing {n}" for n in missing[:3]] + [f"unexpected {n}" for n in unexpected[:3]])
        total = len(missing) + len(unexpected)
        raise InputError(
            f"{directory}: {total} weights do not fit RobertaDot ({names}); take the complete checkpoint"
        )
    return backbone, nn.Sequential(parts["embeddingHead"], parts["norm"])
