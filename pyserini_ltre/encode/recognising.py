"""A model directory to weights and settings: of the family that was named, that it tells, or of none."""

import os
from dataclasses import replace
from pathlib import Path

from torch import nn

from pyserini_ltre.encode.families import BOTH, FAMILIES, WORDS
from pyserini_ltre.encode.forms import Weights, family_told, read_form, stated_length, width_of
from pyserini_ltre.encode.head import Normalize, read_head
from pyserini_ltre.encode.reading import length_limit, read_backbone
from pyserini_ltre.encode.robertadot import is_robertadot, read_robertadot, usual_tokenisation
from pyserini_ltre.encode.settings import (
    EncoderSettings,
    FamilyName,
    Pooling,
    Tokenisation,
    read_settings,
    saved_settings,
)
from pyserini_ltre.errors import InputError, remark
from pyserini_ltre.files import expanded
from pyserini_ltre.json_files import json_field, read_json

OURS, MODULES, POOLING = "pyserini_ltre.json", "modules.json", "1_Pooling/config.json"


def saved_here(directory: str | os.PathLike[str]) -> bool:
    """Whether a directory is an encoder that `BiEncoder.save` wrote, which tells how it embeds."""
    return (expanded(directory) / OURS).is_file()


def read_model(
    directory: Path,
    name: str,
    word: FamilyName | None,
    pooling: Pooling | None,
    normalise: bool | None,
    allow_partial: bool,
) -> tuple[Weights, EncoderSettings]:
    """Read the weights and the settings of a model directory, without its tokenizer.

    Parameters
    ----------
    directory : Path
        The directory, complete.
    name : str
        What the user called it, of which Pyserini would make out a family.
    word : str, optional
        The family that the user named.
    pooling, normalise
        What the user chose; for the caller to do, but for settings, which hold the pooling.
    allow_partial : bool
        Whether weights may be missing.

    Raises
    ------
    InputError
        If it is not of that family, or the family does not do what was chosen.

    Warns
    -----
    UserWarning
        If nothing tells how it embeds, or its modules say otherwise than the family that was named.
    """
    saved = saved_settings(directory / OURS).get("family", "plain")
    if saved != "plain" and word not in (None, saved):
        raise InputError(f"{directory}: was saved as {saved}, not as {word}; leave `encoder_class` out")
    family: FamilyName = saved if saved != "plain" else word or family_told(directory) or "plain"
    _check_choices(family, pooling, normalise)
    if family == "plain":
        weights, settings = _read_plain(directory, name, pooling, allow_partial)
    else:
        weights = read_form(directory, family, allow_partial)
        default: Pooling = FAMILIES[family].poolings[0]
        settings = read_settings(directory, default, length_limit(weights.backbone))
        if saved != "plain":
            if (directory / MODULES).is_file():
                weights = weights._replace(head=read_head(directory, width_of(weights.backbone)))
        elif family == "ance" and word is None:
            # Its lengths are what they were before there were families: those that the directory states.
            settings = replace(settings, family=family)
        else:
            if (directory / MODULES).is_file():
                _compare_modules(directory, family, settings.pooling, weights, pooling, normalise)
            settings = _settings_of(family, directory, settings, length_limit(weights.backbone))
    return weights, settings if pooling is None else replace(settings, pooling=pooling)


def _check_choices(name: FamilyName, pooling: Pooling | None, normalise: bool | None) -> None:
    family = FAMILIES[name]
    if pooling is not None and pooling not in family.poolings:
        raise InputError(f"`pooling` {pooling}: {name} pools by {' or '.join(family.poolings)}; leave it out")
    if None not in (normalise, family.normalise) and normalise != family.normalise:
        does = "scales" if family.normalise else "does not scale"
        raise InputError(f"`normalise` {normalise}: {name} {does} its embeddings to length 1; leave it out")


def _settings_of(name: FamilyName, directory: Path, stated: EncoderSettings, limit: int) -> EncoderSettings:
    """What the classes of a family do, whatever the directory says beside its tokenizer's length."""
    family, length = FAMILIES[name], stated_length(directory)
    return replace(
        stated,
        family=name,
        pooling=family.poolings[0],
        query_prefix=family.query_prefix,
        document_prefix="",
        query_max_length=min(family.query_length or length, limit),
        document_max_length=min(family.document_length or length, limit),
        tokenisation="own",
        document_form="parts",
    )


def _read_plain(
    directory: Path, name: str, pooling: Pooling | None, allow_partial: bool
) -> tuple[Weights, EncoderSettings]:
    """Read a directory that is of no family: RobertaDot, or what its modules say, or what is usual."""
    usual: tuple[Pooling, Tokenisation] = "mean", "own"
    if is_robertadot(directory):
        backbone, head = read_robertadot(directory, allow_partial)
        usual = "cls", usual_tokenisation(directory)
        told = True
    else:
        backbone = read_backbone(directory, allow_partial)
        head = read_head(directory, backbone.config.hidden_size)
        told = any((directory / file).is_file() for file in (OURS, MODULES, POOLING))
    settings = read_settings(directory, usual[0], length_limit(backbone), usual[1])
    if not told and pooling is None:
        _say_what_is_assumed(directory, name, settings)
    return Weights(backbone, head, BOTH), settings


def _say_what_is_assumed(directory: Path, name: str, settings: EncoderSettings) -> None:
    # Pyserini takes the first of its words that it finds anywhere in the name.
    pyserinis = next((word for word in WORDS if word in name.lower()), None)
    hint = f" (Pyserini would take it for {pyserinis}, by its name)" if pyserinis else ""
    remark(
        f"{directory}: does not tell how it embeds{hint}; taken as plain: {settings.pooling} pooling, not scaled to "
        f"length 1, no prefix, {settings.query_max_length} tokens of queries and {settings.document_max_length} of "
        "documents; if that is not so, say --encoder-class, or --pooling and --normalise"
    )


def _compare_modules(
    directory: Path,
    name: FamilyName,
    stated: Pooling,
    weights: Weights,
    pooling: Pooling | None,
    normalise: bool | None,
) -> None:
    """Say so if sentence-transformers would embed otherwise than the family that was named, with what was chosen."""
    file = directory / MODULES
    kinds = [
        (json_field(module, "type", str, file) or "").rsplit(".", 1)[-1]
        for module in read_json(file, kind=list)
        if isinstance(module, dict)
    ]
    further = [kind for kind in kinds if kind not in ("Transformer", "Pooling")]
    family = FAMILIES[name]
    same = stated == (pooling or family.poolings[0]) and not family.query_mark
    layers = [_kind(layer) for layer in weights.head]
    if normalise and family.normalise is None:
        layers.append(Normalize.__name__)
    if same and further == layers:
        return
    remark(
        f"{file}: says {' and '.join([f'{stated} pooling', *further])}; taken as {name} as you ask, so that is "
        "not done"
    )


def _kind(layer: nn.Module) -> str:
    return "Dense" if isinstance(layer, nn.Linear) else type(layer).__name__
