"""From token states to the embedding: pooling, and the modules after it, as sentence-transformers stores them.

Linear + LayerNorm is the head of RobertaDot (ANCE, STAR, ADORE); Normalize gives unit vectors; a linear map behind
Normalize is how a query adapter is saved. Anything else is refused by name.
"""

from pathlib import Path

import torch
from safetensors.torch import save_file
from torch import nn

from pyserini_ltre.encode.weights import read_weights
from pyserini_ltre.errors import InputError
from pyserini_ltre.json_files import json_field, read_json, write_json

IDENTITY = "torch.nn.modules.linear.Identity"


def pool(states: torch.Tensor, mask: torch.Tensor, pooling: str, first: int = 0) -> torch.Tensor:
    """One vector a text, (B, h), out of its last hidden states (B, L, h).

    The `mask` (B, L) is 1 on tokens and 0 on padding, which may stand on either side; `pooling` takes the first token
    (``cls``), the mean over the tokens (``mean``) or the last token (``last``). What stands before token number `first`
    is left out, where padding stands on the right.
    """
    states, mask = states[:, first:], mask[:, first:]
    if pooling == "mean":
        weights = mask.unsqueeze(-1).to(states.dtype)
        return (states * weights).sum(1) / weights.sum(1).clamp(min=1e-9)
    positions = torch.arange(mask.shape[1], device=mask.device)
    if pooling == "cls":
        chosen = torch.where(mask.bool(), positions, mask.shape[1]).argmin(1)
    elif pooling == "last":
        chosen = torch.where(mask.bool(), positions, -1).argmax(1)
    else:
        raise ValueError(f"pooling {pooling!r} is not one of cls, mean, last")
    return states[torch.arange(len(states), device=states.device), chosen]


class Normalize(nn.Module):
    """Scale each vector to length 1."""

    def forward(self, vectors: torch.Tensor) -> torch.Tensor:
        """Normalise (B, d) vectors."""
        return nn.functional.normalize(vectors, dim=-1)


def _read_dense(directory: Path, width: int) -> nn.Linear:
    file = directory / "config.json"
    config = read_json(file)
    activation = json_field(config, "activation_function", str, file) or IDENTITY
    if not activation.endswith("Identity"):
        raise InputError(f"{file}: activation {activation} is not supported, only the identity is")
    weights = _named(directory, "linear.")
    shape = tuple(weights["weight"].shape) if "weight" in weights else ()
    stated = tuple(json_field(config, f"{side}_features", int, file) for side in ("out", "in"))
    if shape != stated:
        raise InputError(
            f"{directory}: a weight of shape {shape}, but config.json says {stated}; take the files that belong "
            "together"
        )
    if shape[1] != width:
        raise InputError(
            f"{directory}: takes vectors of {shape[1]} numbers, but what comes before it gives {width}; take the files "
            "that belong together"
        )
    bias = json_field(config, "bias", bool, file) is not False
    layer = nn.Linear(width, shape[0], bias=bias)
    _fill(layer, weights, directory)
    return layer


def _read_layer_norm(directory: Path, width: int) -> nn.LayerNorm:
    layer = nn.LayerNorm(width)
    _fill(layer, _named(directory, "norm."), directory)
    return layer


def _named(directory: Path, stem: str) -> dict[str, torch.Tensor]:
    """The weights of a module by the names that torch gives them."""
    return {name.removeprefix(stem): value for name, value in read_weights(directory).items()}


def _fill(layer: nn.Module, weights: dict[str, torch.Tensor], directory: Path) -> None:
    """Put weights into a module; they must be those that it has, in their shapes."""
    wanted = {name: tuple(value.shape) for name, value in layer.state_dict().items()}
    given = {name: tuple(value.shape) for name, value in weights.items()}
    if wanted != given:
        raise InputError(
            f"{directory}: weights {given} instead of {wanted}; take the files that belong together"
        )
    layer.load_state_dict(weights)


READERS = {"Dense": _read_dense, "LayerNorm": _read_layer_norm, "Normalize": lambda *unused: Normalize()}


def read_head(directory: Path, width: int) -> nn.Sequential:
    """Read the modules that ``modules.json`` lists after the transformer and its pooling, mapping (B, width) to (B, d).

    Without ``modules.json`` the head is empty.

    Raises
    ------
    InputError
        If a module is of a kind that this package does not know, its weights are missing, or it does not fit what
        comes before it.
    """
    head = nn.Sequential()
    file = directory / "modules.json"
    there = {path.name for path in directory.iterdir() if path.is_dir()}
    for module in read_json(file, kind=list):
        if not isinstance(module, dict):
            raise InputError(f"{file}: a module that is not a JSON object; write the file again")
        kind = (json_field(module, "type", str, file) or "").rsplit(".", 1)[-1]
        if kind in ("Transformer", "Pooling"):
            continue
        if kind not in READERS:
            known = ", ".join(READERS)
            raise InputError(f"{file}: module {kind or 'without a type'} is not supported (known: {known})")
        folder = json_field(module, "path", str, file) or ""
        # Normalize has no files, and a copy of the directory often has no folder for it.
        if kind != "Normalize" and folder not in there:
            raise InputError(
                f"{file}: {kind} is in {folder!r}, which is not there; copy the complete model directory"
            )
        head.append(READERS[kind](directory / folder, width))
        if isinstance(head[-1], nn.Linear):
            width = head[-1].out_features
    return head


def write_head(directory: Path, head: nn.Sequential, pooling: str, width: int, portable: bool = True) -> None:
    """Write ``modules.json``, the pooling of the token states and the head so that sentence-transformers loads them.

    The model `directory` already holds the backbone; `width` is the size of its token states. If sentence-transformers
    cannot do the same, it is not `portable`: it stops at a module that it does not find, and does not embed otherwise.
    """
    (directory / "1_Pooling").mkdir()
    modes = {"cls": "cls_token", "mean": "mean_tokens", "last": "lasttoken"}
    config = {f"pooling_mode_{mode}": name == pooling for name, mode in modes.items()}
    write_json(directory / "1_Pooling" / "config.json", {"word_embedding_dimension": width, **config})
    modules = [_entry(0, "", "Transformer"), _entry(1, "1_Pooling", "Pooling")]
    if not portable:
        modules[1]["type"] = "pyserini_ltre.Pooling"
    write_json(directory / "modules.json", modules + write_head_modules(directory, head, first=2))


def write_head_modules(directory: Path, head: nn.Sequential, first: int) -> list[dict[str, object]]:
    """Write the modules of a head, Linear, LayerNorm and Normalize, each to a folder of its own in `directory`.

    They are numbered from `first` on. Gives their entries for ``modules.json``.
    """
    entries = []
    for number, layer in enumerate(head, start=first):
        kind = {nn.Linear: "Dense", nn.LayerNorm: "LayerNorm", Normalize: "Normalize"}[type(layer)]
        folder = directory / f"{number}_{kind}"
        folder.mkdir()
        entries.append(_entry(number, folder.name, kind))
        if isinstance(layer, nn.Linear):
            shape = {"in_features": layer.in_features, "out_features": layer.out_features}
            config = {**shape, "bias": layer.bias is not None, "activation_function": IDENTITY}
            write_json(folder / "config.json", config)
        elif isinstance(layer, nn.LayerNorm):
            write_json(folder / "config.json", {"dimension": layer.normalized_shape[0]})
        if kind != "Normalize":
            stem = "linear" if kind == "Dense" else "norm"
            weights = {f"{stem}.{name}": value.contiguous() for name, value in layer.state_dict().items()}
            save_file(weights, folder / "model.safetensors")
    return entries


def _entry(number: int, path: str, kind: str) -> dict[str, object]:
    kind = f"sentence_transformers.models.{kind}"
    return {"idx": number, "name": str(number), "path": path, "type": kind}
