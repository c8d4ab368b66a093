"""From token states to the embedding: pooling, and the modules after it, as sentence-transformers stores them.

Linear + LayerNorm is the head of RobertaDot (ANCE, STAR, ADORE); Normalize gives unit vectors; a linear map behind
Normalize is how a query adapter is saved. Anything else is refused by name.
"""

import pickle
from pathlib import Path

import torch
from safetensors import SafetensorError
from safetensors.torch import load_file, save_file
from torch import nn

from pyserini_ltre.errors import InputError
from pyserini_ltre.files import read_json, write_json

IDENTITY = "torch.nn.modules.linear.Identity"


def pool(states: torch.Tensor, mask: torch.Tensor, pooling: str) -> torch.Tensor:
    """One vector a text, (B, h), out of its last hidden states (B, L, h).

    The `mask` (B, L) is 1 on tokens and 0 on padding, which may stand on either side; `pooling` takes the first token
    (``cls``), the mean over the tokens (``mean``) or the last token (``last``).
    """
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


def read_weights(directory: Path) -> dict[str, torch.Tensor]:
    """Read the weights of a directory, from safetensors or from a .bin file that holds tensors only."""
    file = directory / "model.safetensors"
    try:
        if file.is_file():
            return load_file(file)
        file = directory / "pytorch_model.bin"
        if file.is_file():
            return torch.load(file, map_location="cpu", weights_only=True)
    except pickle.UnpicklingError:
        raise InputError(
            f"{file}: damaged, or holds more than tensors, which could run a program; ask for a safetensors file"
        ) from None
    except (SafetensorError, EOFError, RuntimeError):
        raise InputError(f"{file}: damaged or cut off; copy it again") from None
    raise InputError(f"{directory}: no model.safetensors or pytorch_model.bin; save the model again")


def _read_dense(directory: Path) -> nn.Linear:
    config = read_json(directory / "config.json")
    activation = config.get("activation_function", IDENTITY)
    if not activation.endswith("Identity"):
        raise InputError(
            f"{directory}/config.json: activation {activation} is not supported, only the identity is"
        )
    weights = read_weights(directory)
    layer = nn.Linear(config["in_features"], config["out_features"], bias=config.get("bias", True))
    layer.load_state_dict({name.removeprefix("linear."): value for name, value in weights.items()})
    return layer


def _read_layer_norm(directory: Path) -> nn.LayerNorm:
    weights = {name.removeprefix("norm."): value for name, value in read_weights(directory).items()}
    layer = nn.LayerNorm(weights["weight"].shape[0])
    layer.load_state_dict(weights)
    return layer


READERS = {"Dense": _read_dense, "LayerNorm": _read_layer_norm, "Normalize": lambda directory: Normalize()}


def read_head(directory: Path) -> nn.Sequential:
    """Read the modules that ``modules.json`` lists after the transformer and its pooling, mapping (B, h) to (B, d).

    Without ``modules.json`` the head is empty.

    Raises
    ------
    InputError
        If a module is of a kind that this package does not know, or its weights are missing.
    """
    head = nn.Sequential()
    for module in read_json(directory / "modules.json"):
        kind = module["type"].rsplit(".", 1)[-1]
        if kind in ("Transformer", "Pooling"):
            continue
        if kind not in READERS:
            known = ", ".join(READERS)
            raise InputError(f"{directory}/modules.json: module {kind} is not supported (known: {known})")
        head.append(READERS[kind](directory / module["path"]))
    return head


def write_head(directory: Path, head: nn.Sequential, pooling: str, width: int) -> None:
    """Write ``modules.json``, the pooling of the token states and the head so that sentence-transformers loads them.

    The model `directory` already holds the backbone; `width` is the size of its token states.
    """
    (directory / "1_Pooling").mkdir()
    modes = {"cls": "cls_token", "mean": "mean_tokens", "last": "lasttoken"}
    config = {f"pooling_mode_{mode}": name == pooling for name, mode in modes.items()}
    write_json(directory / "1_Pooling" / "config.json", {"word_embedding_dimension": width, **config})
    modules = [_entry(0, "", "Transformer"), _entry(1, "1_Pooling", "Pooling")]
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
