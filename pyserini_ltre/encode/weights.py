"""The files of weights, safetensors and ``.bin``: what they hold, known before anything is made of it."""

import pickle
import struct
from collections.abc import Mapping
from pathlib import Path

import torch
from safetensors import SafetensorError, safe_open
from safetensors.torch import load_file

from pyserini_ltre.errors import InputError, blaming
from pyserini_ltre.json_files import json_field, read_json

SAFETENSORS, BIN = "model.safetensors", "pytorch_model.bin"
WEIGHT_FILES = (SAFETENSORS, BIN)
SHARDED = ("model.safetensors.index.json", "pytorch_model.bin.index.json")
AGAIN = "copy it again"
# What torch's unpickler has raised for files with a few bytes changed.
DAMAGED_PICKLE = (
    EOFError,
    RuntimeError,
    OSError,
    ValueError,
    LookupError,
    TypeError,
    AttributeError,
    AssertionError,
    ArithmeticError,
    struct.error,
)

Shape = tuple[int, ...]


def read_weights(directory: Path) -> dict[str, torch.Tensor]:
    """Read the weights of a directory, from safetensors or from a .bin file that holds tensors only.

    Raises
    ------
    InputError
        If there is neither, it is damaged, or it holds anything else.
    """
    for file in (directory / name for name in WEIGHT_FILES):
        if file.is_file() and file.suffix == ".bin":
            _load_bin(file, "meta")  # refuses what would not fit into memory
            return _load_bin(file, "cpu")
        if file.is_file():
            with blaming(f"{file}: damaged or cut off", AGAIN, SafetensorError):
                return load_file(file)
    raise InputError(f"{directory}: no {' or '.join(WEIGHT_FILES)}; save the model again")


def weight_shapes(directory: Path) -> dict[str, Shape]:
    """Names and shapes of the weights of a directory, in one file or in several; the numbers are not read.

    Raises
    ------
    InputError
        If a file is missing or damaged.
    """
    shapes: dict[str, Shape] = {}
    for file in _files(directory):
        if file.suffix == ".bin":
            shapes |= {name: tuple(value.shape) for name, value in _load_bin(file, "meta").items()}
        else:
            with (
                blaming(f"{file}: damaged or cut off", AGAIN, SafetensorError),
                safe_open(file, "pt") as weights,
            ):
                shapes |= {name: tuple(weights.get_slice(name).get_shape()) for name in weights.keys()}  # noqa: SIM118
    return shapes


def _files(directory: Path) -> list[Path]:
    """The files that hold the weights of a directory, in the order in which transformers looks for them."""
    for whole, index in zip(WEIGHT_FILES, SHARDED, strict=True):
        if (directory / whole).is_file():
            return [directory / whole]
        if (directory / index).is_file():
            return _shards(directory / index)
    return []


def _shards(index: Path) -> list[Path]:
    place_of = json_field(read_json(index), "weight_map", dict, index) or {}
    names = sorted({str(name) for name in place_of.values()})
    if not names:
        raise InputError(f"{index}: names no files; copy it again")
    there = {path.name for path in index.parent.iterdir() if path.is_file()}
    for name in names:
        if name not in there:
            raise InputError(f"{index}: names {name}, which is not there; copy the complete model directory")
    return [index.parent / name for name in names]


def _load_bin(file: Path, device: str) -> dict[str, torch.Tensor]:
    """Read a .bin file; nothing that it names is run. On the device ``meta``, its numbers stay where they are."""
    try:
        with blaming(f"{file}: damaged or cut off", AGAIN, *DAMAGED_PICKLE):
            content = torch.load(file, map_location=device, weights_only=True)
    except pickle.UnpicklingError:
        raise InputError(
            f"{file}: damaged, or holds more than tensors, which could run a program; ask for a safetensors file"
        ) from None
    if not isinstance(content, Mapping) or not all(
        isinstance(name, str) and isinstance(value, torch.Tensor) for name, value in content.items()
    ):
        raise InputError(f"{file}: holds something else than tensors by name; save the model's state_dict")
    size = file.stat().st_size
    for name, value in content.items():
        if value.layout != torch.strided or value.nbytes > size:
            raise InputError(f"{file}: {name} is no tensor that the file has the numbers of; {AGAIN}")
    return dict(content)
