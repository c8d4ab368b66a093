"""RobertaDot checkpoints (ANCE, STAR, ADORE, JPQ): RoBERTa, its CLS state, a linear layer and a LayerNorm."""

from pathlib import Path
from typing import cast

from torch import nn
from transformers import PreTrainedModel, RobertaConfig, RobertaModel

from pyserini_ltre.encode.named_parts import fill_parts, write_parts
from pyserini_ltre.encode.reading import DAMAGED_MODEL, WHOLE, architectures, read_config
from pyserini_ltre.encode.settings import Tokenisation
from pyserini_ltre.encode.weights import read_weights, weight_shapes
from pyserini_ltre.errors import blaming
from pyserini_ltre.json_files import json_field, read_json

HEAD = "embeddingHead.weight"
# Not used for embeddings: buffers that older versions of transformers stored and newer ones compute, RoBERTa's pooler,
# and the classifier that ANCE's class inherits.
NOT_WEIGHTS = ("roberta.embeddings.position_ids", "roberta.pooler.", "classifier.")
# What the architecture is called by those who published ANCE (RobertaDot_NLL_LN), STAR (RobertaDot_InBatch), ADORE and
# JPQ (RobertaDot), and by Pyserini for its copy of ANCE.
PUBLISHED, PYSERINIS = "RobertaDot", "AnceEncoder"


def is_robertadot(directory: Path) -> bool:
    """Whether a model directory says that it is a RobertaDot, or is a RoBERTa with the head of one."""
    config = read_json(directory / "config.json")
    if any(name.startswith((PUBLISHED, PYSERINIS)) for name in architectures(directory)):
        return True
    if config.get("model_type") != "roberta" or (directory / "modules.json").is_file():
        return False
    return HEAD in weight_shapes(directory)


def usual_tokenisation(directory: Path) -> Tokenisation:
    """How a RobertaDot is meant to be fed if nothing says so.

    All of them were trained with STAR tokenisation. Pyserini feeds its copy of ANCE through today's RoBERTa tokenizer,
    and its results are expected of that copy.
    """
    if PYSERINIS in architectures(directory):
        return "own"
    byte_pairs = (directory / "vocab.json").is_file() and (directory / "merges.txt").is_file()
    file = directory / "tokenizer.json"
    model = json_field(read_json(file), "model", dict, file) or {}
    return "star" if byte_pairs or model.get("type") == "BPE" else "own"


def read_robertadot(directory: Path, allow_partial: bool = False) -> tuple[PreTrainedModel, nn.Sequential]:
    """Read the backbone, RoBERTa without its pooler, and the head, Linear and LayerNorm, of a RobertaDot checkpoint.

    Parameters
    ----------
    directory : Path
        Holds ``config.json`` and ``model.safetensors`` or ``pytorch_model.bin`` with the names ``roberta.*``,
        ``embeddingHead.*`` and ``norm.*``.
    allow_partial : bool
        Whether missing weights become random and unexpected ones are left out, with a warning.

    Raises
    ------
    InputError
        If weights are missing, there are weights of another model, or one has another shape than configured.
    """
    weights = read_weights(directory)
    config = read_config(directory, RobertaConfig, allow_partial)
    weights = {name: value for name, value in weights.items() if not name.startswith(NOT_WEIGHTS)}
    of_the_head = (weights[name] for name in (HEAD, "embeddingHead.bias", "norm.weight") if name in weights)
    rows = next((len(value) for value in of_the_head if value.ndim), config.hidden_size)
    with blaming(directory, WHOLE, *DAMAGED_MODEL):
        backbone = RobertaModel(cast(RobertaConfig, config), add_pooling_layer=False)
    linear, norm = nn.Linear(config.hidden_size, rows), nn.LayerNorm(rows)
    fill_parts(directory, "RobertaDot", _parts(backbone, linear, norm), weights, allow_partial)
    return backbone, nn.Sequential(linear, norm)


def write_robertadot(directory: Path, backbone: PreTrainedModel, head: nn.Sequential) -> None:
    """Write a checkpoint with the names that Pyserini's class of ANCE reads; `head` begins with Linear, LayerNorm."""
    write_parts(directory, backbone.config, PYSERINIS, _parts(backbone, head[0], head[1]), pyserinis=True)


def _parts(backbone: nn.Module, linear: nn.Module, norm: nn.Module) -> dict[str, nn.Module]:
    return {"roberta": backbone, "embeddingHead": linear, "norm": norm}
