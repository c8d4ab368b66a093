"""RobertaDot checkpoints (ANCE, STAR, ADORE, JPQ): RoBERTa, its CLS state, a linear layer and a LayerNorm."""

from pathlib import Path

from safetensors import safe_open
from torch import nn
from transformers import PreTrainedModel, RobertaConfig, RobertaModel

from pyserini_ltre.encode.head import read_weights
from pyserini_ltre.encode.reading import report_misfits
from pyserini_ltre.encode.settings import Tokenisation
from pyserini_ltre.files import read_json

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
    if any(name.startswith((PUBLISHED, PYSERINIS)) for name in config.get("architectures") or []):
        return True
    if config.get("model_type") != "roberta" or (directory / "modules.json").is_file():
        return False
    if (directory / "model.safetensors").is_file():
        with safe_open(directory / "model.safetensors", "pt") as file:
            return HEAD in set(file.keys())
    return (directory / "pytorch_model.bin").is_file() and HEAD in read_weights(directory)


def usual_tokenisation(directory: Path) -> Tokenisation:
    """How a RobertaDot is meant to be fed if nothing says so.

    All of them were trained with STAR tokenisation. Pyserini feeds its copy of ANCE through today's RoBERTa tokenizer,
    and its results are expected of that copy.
    """
    architectures = read_json(directory / "config.json").get("architectures") or []
    if PYSERINIS in architectures:
        return "own"
    byte_pairs = (directory / "vocab.json").is_file() and (directory / "merges.txt").is_file()
    model = read_json(directory / "tokenizer.json").get("model") or {}
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
    weights = {name: value for name, value in weights.items() if not name.startswith(NOT_WEIGHTS)}
    config = RobertaConfig.from_pretrained(directory)
    sizes = (len(weights[name]) for name in (HEAD, "embeddingHead.bias", "norm.weight") if name in weights)
    rows = next(sizes, config.hidden_size)
    backbone = RobertaModel(config, add_pooling_layer=False)
    linear, norm = nn.Linear(config.hidden_size, rows), nn.LayerNorm(rows)
    parts = nn.ModuleDict({"roberta": backbone, "embeddingHead": linear, "norm": norm})
    wanted = parts.state_dict()
    missing = [name for name in wanted if name not in weights]
    unexpected = [name for name in weights if name not in wanted]
    wrong_shape = [
        f"{name} {tuple(weights[name].shape)} instead of {tuple(value.shape)}"
        for name, value in wanted.items()
        if name in weights and weights[name].shape != value.shape
    ]
    report_misfits(directory, "RobertaDot", missing, unexpected, wrong_shape, allow_partial)
    parts.load_state_dict({name: value for name, value in weights.items() if name in wanted}, strict=False)
    return backbone, nn.Sequential(linear, norm)
