"""Whether a configuration is of a model as large as its weights: a damaged one may ask for millions of layers."""

import re
from pathlib import Path

from transformers import PreTrainedConfig

from pyserini_ltre.encode.weights import Shape, weight_shapes
from pyserini_ltre.errors import InputError
from pyserini_ltre.json_files import json_field, read_json

# Rows of some matrix: none is larger than the largest dimension of a weight.
ROWS = ("vocab_size", "intermediate_size", "type_vocab_size", "embedding_size")
NUMBER = re.compile(r"\.[0-9]+(?=\.)")
# Transformers makes up a name for each label, and cuts texts into such chunks, or fails if their lengths are others.
BESIDE_WEIGHTS = {"num_labels": 10_000, "chunk_size_feed_forward": 0}


def check_numbers(directory: Path) -> None:
    """Refuse numbers of a configuration that no weight depends on, but with which transformers hangs or fails."""
    file = directory / "config.json"
    config = read_json(file)
    for name, most in BESIDE_WEIGHTS.items():
        value = json_field(config, name, int, file) or 0
        if not 0 <= value <= most:
            _refuse(directory, f"{name} {value}, but {most} is the most")


def check_sizes(directory: Path, config: PreTrainedConfig, allow_partial: bool) -> None:
    """Refuse sizes that the weights of a model directory cannot have, before the model takes time and memory.

    Smaller ones are left to whoever fits the weights into the model, and says which are wrong.

    Parameters
    ----------
    directory : Path
        Holds the weights.
    config : PreTrainedConfig
        Its configuration.
    allow_partial : bool
        Whether layers may be missing.

    Raises
    ------
    InputError
        If layers, the size of a state, a vocabulary and so on are more than there are weights for.
    """
    shapes = weight_shapes(directory)
    limits = dict.fromkeys(ROWS, max((n for shape in shapes.values() for n in shape), default=0))
    limits["num_attention_heads"] = limits["vocab_size"]
    shared = hasattr(config, "num_hidden_groups")  # ALBERT
    limits["num_hidden_layers"] = _most_layers(shapes, allow_partial or shared)
    positions = [
        shape[0] for name, shape in shapes.items() if "position_embeddings" in name and len(shape) == 2
    ]
    if positions:  # where there is none, positions are computed, however many
        limits["max_position_embeddings"] = max(positions)
    for name, most in limits.items():
        value = getattr(config, name, None)
        if isinstance(value, int) and not 0 <= value <= most:
            _refuse(directory, f"{name} {value}, but the weights have at most {most}")
    # Each layer has vectors of this size.
    vectors = {shape[0] for shape in shapes.values() if len(shape) == 1}
    size = getattr(config, "hidden_size", None)
    if isinstance(size, int) and size not in vectors:
        _refuse(directory, f"hidden_size {size}, but no weight is a vector of this size")


def _most_layers(shapes: dict[str, Shape], unsure: bool) -> int:
    """How many layers the weights may be of: as many as are numbered, or any with a weight."""
    numbered = {name[: found.end()] for name in shapes for found in NUMBER.finditer(name)}
    return len(shapes) if unsure or not numbered else len(numbered)


def _refuse(directory: Path, problem: str) -> None:
    raise InputError(f"{directory}/config.json: {problem}; take the one that belongs to the weights")
