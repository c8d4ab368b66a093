"""Checkpoints of several parts, each weight under the name of its part: filled from a file, and written."""

from collections.abc import Mapping
from pathlib import Path

import torch
from safetensors.torch import save_file
from torch import nn
from transformers import PreTrainedConfig

from pyserini_ltre.encode.reading import report_misfits
from pyserini_ltre.encode.weights import BIN, SAFETENSORS

Parts = Mapping[str, nn.Module]


def fill_parts(
    directory: Path, model: str, parts: Parts, weights: Mapping[str, torch.Tensor], allow_partial: bool
) -> None:
    """Put the weights of a checkpoint into its parts.

    Parameters
    ----------
    directory : Path
        Begins the message if they do not fit.
    model : str
        What the model is called there.
    parts : dict of str to Module
        Each by what its weights' names begin with; a part without a name has all names.
    weights : dict of str to Tensor
        All that should be in them.
    allow_partial : bool
        Whether missing weights become random and unexpected ones are left out, with a warning.

    Raises
    ------
    InputError
        If weights are missing, there are weights of another model, or one has another shape than configured.
    """
    wanted = _named(parts)
    # Of weights that are tied, a file may hold one only.
    given = {value.data_ptr() for name, value in wanted.items() if name in weights}
    missing = [
        name for name, value in wanted.items() if name not in weights and value.data_ptr() not in given
    ]
    unexpected = [name for name in weights if name not in wanted]
    wrong_shape = [
        f"{name} {tuple(weights[name].shape)} instead of {tuple(value.shape)}"
        for name, value in wanted.items()
        if name in weights and weights[name].shape != value.shape
    ]
    report_misfits(directory, model, missing, unexpected, wrong_shape, allow_partial)
    with torch.no_grad():
        for name, value in wanted.items():
            if name in weights:
                value.copy_(weights[name])


def write_parts(
    directory: Path, config: PreTrainedConfig, architecture: str, parts: Parts, pyserinis: bool = False
) -> None:
    """Write ``config.json`` and the weights.

    Parameters
    ----------
    directory : Path
        Where to.
    config : PreTrainedConfig
        Of the backbone.
    architecture : str
        What the model is called there.
    parts : dict of str to Module
        As for `fill_parts`.
    pyserinis : bool
        Whether a class of Pyserini's own reads them, and not one of transformers: Pyserini 2.4 looks for
        ``pytorch_model.bin`` alone, which all others read too; they are in ``model.safetensors`` otherwise.
    """
    config.architectures = [architecture]
    config.save_pretrained(directory)
    # Tied weights are written twice, for those who read them by name.
    weights = {name: value.detach().cpu().clone().contiguous() for name, value in _named(parts).items()}
    if pyserinis:
        torch.save(weights, directory / BIN)
    else:
        save_file(weights, directory / SAFETENSORS, {"format": "pt"})


def _named(parts: Parts) -> dict[str, torch.Tensor]:
    return {
        f"{part}.{name}" if part else name: value
        for part, module in parts.items()
        for name, value in module.state_dict().items()
    }
