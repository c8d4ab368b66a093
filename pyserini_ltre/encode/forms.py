"""Model directories of a family: the form of their weights, read and written, and which family a directory is of."""

from pathlib import Path
from typing import NamedTuple

from torch import nn
from transformers import PreTrainedModel

from pyserini_ltre.encode.aggretriever import ARCHITECTURES as OF_AGGRETRIEVER
from pyserini_ltre.encode.aggretriever import read_aggretriever, write_aggretriever
from pyserini_ltre.encode.cosdpr import ARCHITECTURE as OF_COSDPR
from pyserini_ltre.encode.cosdpr import read_cosdpr, write_cosdpr
from pyserini_ltre.encode.dpr import read_dpr, write_dpr
from pyserini_ltre.encode.families import FAMILIES
from pyserini_ltre.encode.head import Normalize
from pyserini_ltre.encode.reading import architectures, read_backbone
from pyserini_ltre.encode.robertadot import PYSERINIS as OF_ANCE
from pyserini_ltre.encode.robertadot import read_robertadot, write_robertadot
from pyserini_ltre.encode.settings import NO_LIMIT, FamilyName, Side
from pyserini_ltre.encode.weights import weight_shapes
from pyserini_ltre.errors import InputError
from pyserini_ltre.json_files import json_field, read_json

# Weights that only checkpoints of a family have.
TELLING: dict[str, FamilyName] = {
    "tok_proj.weight": "aggretriever",
    "linear.weight": "cosdpr",
}


class Weights(NamedTuple):
    """The parts of a model directory that hold weights, and the sides that they are for."""

    backbone: PreTrainedModel
    head: nn.Sequential
    sides: tuple[Side, ...]


def read_form(directory: Path, name: FamilyName, allow_partial: bool) -> Weights:
    """Read the backbone and the head that belongs to it of a directory of a family.

    An `InputError` says if its weights are of another form, or of a model that the family is not made of.
    """
    family = FAMILIES[name]
    kind = str(read_json(directory / "config.json").get("model_type"))
    if family.models and kind not in family.models:
        raise InputError(
            f"{directory}: a model of type {kind}, but {name} is made of {' or '.join(family.models)}; leave "
            "`encoder_class` out, or name what it is"
        )
    sides = family.sides
    if family.form == "dpr":
        backbone, head, side = read_dpr(directory, allow_partial)
        if side not in sides:
            raise InputError(f"{directory}: encodes passages, but {name} is for queries; name dpr instead")
        sides = (side,)
    elif family.form == "robertadot":
        backbone, head = read_robertadot(directory, allow_partial)
    elif family.form == "cosdpr":
        backbone, head = read_cosdpr(directory, allow_partial)
    elif family.form == "aggretriever":
        backbone, head = read_aggretriever(directory, allow_partial)
    else:
        backbone = read_backbone(directory, allow_partial)
        head = nn.Sequential(*([Normalize()] if family.normalise else []))
    return Weights(backbone, head, sides)


def write_form(directory: Path, name: FamilyName, weights: Weights) -> None:
    """Write configuration and weights in the form of a family; modules behind its own head are left out."""
    backbone, head, sides = weights
    form = FAMILIES[name].form
    if form == "dpr":
        write_dpr(directory, backbone, head, sides[0])
    elif form == "robertadot":
        write_robertadot(directory, backbone, head)
    elif form == "cosdpr":
        write_cosdpr(directory, backbone, head)
    elif form == "aggretriever":
        write_aggretriever(directory, backbone)
    else:
        backbone.save_pretrained(directory)


def family_told(directory: Path) -> FamilyName | None:
    """The family that a directory is of, as its ``config.json`` or the names of its weights say; None if neither does.

    What was saved in sentence-transformers' form says how it embeds by its modules.
    """
    if (directory / "modules.json").is_file():
        return None
    kind = read_json(directory / "config.json").get("model_type")
    names = architectures(directory)
    if OF_ANCE in names:
        return "ance"
    if OF_COSDPR in names:
        return "cosdpr"
    if not {*OF_AGGRETRIEVER.values()}.isdisjoint(names):
        return "aggretriever"
    if kind == "dpr":
        return "dpr"
    if kind not in OF_AGGRETRIEVER:
        return None
    there = weight_shapes(directory)
    return next((family for name, family in TELLING.items() if name in there), None)


def stated_length(directory: Path) -> int:
    """Tokens after which a tokenizer cuts texts, as transformers reads it; `NO_LIMIT` if it does not."""
    file = directory / "tokenizer_config.json"
    stated = json_field(read_json(file), "model_max_length", float, file)
    return int(stated) if stated and stated < NO_LIMIT else NO_LIMIT


def width_of(backbone: PreTrainedModel) -> int:
    """Size of what is pooled: of the states, but for a backbone that gives the embedding as its only state."""
    width: int = getattr(backbone, "dimension", backbone.config.hidden_size)
    return width
