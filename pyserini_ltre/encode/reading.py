"""The parts of a model directory: is it complete, its tokenizer, its backbone, weights that do not fit."""

from pathlib import Path

import torch
from huggingface_hub.errors import StrictDataclassError
from safetensors import SafetensorError
from transformers import (
    AutoConfig,
    AutoModel,
    AutoTokenizer,
    PreTrainedConfig,
    PreTrainedModel,
    PreTrainedTokenizerBase,
)

from pyserini_ltre.encode.settings import LENGTH_IF_UNKNOWN, EncoderSettings
from pyserini_ltre.encode.sizes import check_numbers, check_sizes
from pyserini_ltre.encode.tokenisation import star_tokenizer_of
from pyserini_ltre.encode.weights import SHARDED, WEIGHT_FILES
from pyserini_ltre.errors import InputError, blaming, reason, remark
from pyserini_ltre.json_files import json_field, read_json

# What transformers has raised for configurations and weights that do not belong together.
DAMAGED_MODEL = (
    OSError,
    ValueError,
    LookupError,
    TypeError,
    AttributeError,
    RuntimeError,
    ArithmeticError,
    AssertionError,
    ImportError,
    SafetensorError,
    StrictDataclassError,
)
WHOLE = "copy the complete model directory again"
# Names in one message; the rest is counted.
NAMED = 20
# Weights that no embedding depends on, or that are computed anew.
NEVER_MISSED = ("pooler.", "position_ids", "inv_freq")


def download(name: str) -> Path:
    """Folder in the hub's cache of a model that is named instead of given as a path."""
    from huggingface_hub import snapshot_download
    from huggingface_hub.errors import HfHubHTTPError, HFValidationError, LocalEntryNotFoundError

    try:
        return Path(
            snapshot_download(name, ignore_patterns=["*.onnx", "*.h5", "*.msgpack", "*.ot", "openvino/*"])
        )
    except (HFValidationError, HfHubHTTPError, LocalEntryNotFoundError, OSError) as error:
        raise InputError(
            f"encoder {name}: neither a directory nor a model that the Hugging Face hub gives ({reason(error)}); "
            "give the path of a model directory"
        ) from None


def read_tokenizer(directory: Path, settings: EncoderSettings) -> PreTrainedTokenizerBase:
    """Read the tokenizer that the settings ask for."""
    if settings.tokenisation != "star":
        # Of the library below it, every error is a plain Exception.
        with blaming(f"{directory}: the tokenizer cannot be read", WHOLE, Exception):
            own = AutoTokenizer.from_pretrained(directory, trust_remote_code=False)
            own("☃")  # some faults only show with a character that the vocabulary lacks
            return own
    tokenizer = star_tokenizer_of(directory)
    if tokenizer is None:
        raise InputError(
            f"{directory}: no byte pairs for STAR tokenisation; copy vocab.json and merges.txt of roberta-base into it"
        )
    return tokenizer


def read_backbone(directory: Path, allow_partial: bool) -> PreTrainedModel:
    """Read a Hugging Face model; transformers would give weights that are not in the file random values."""
    config = read_config(directory, AutoConfig, allow_partial)
    with blaming(directory, WHOLE, *DAMAGED_MODEL):
        backbone, report = AutoModel.from_pretrained(
            directory, config=config, dtype=torch.float32, output_loading_info=True, trust_remote_code=False
        )
    kind = type(backbone).__name__
    # A checkpoint of BertForMaskedLM, say, has a head that a bi-encoder leaves out; one of BertModel has no business
    # with further weights.
    has_head = (architectures(directory) or [kind]) != [kind]
    unexpected = [] if has_head else sorted(report["unexpected_keys"])
    missing, unexpected = (
        [name for name in names if not any(part in name for part in NEVER_MISSED)]
        for names in (sorted(report["missing_keys"]), unexpected)
    )
    report_misfits(directory, kind, missing, unexpected, [], allow_partial)
    return backbone


def read_config(
    directory: Path, kind: type[AutoConfig] | type[PreTrainedConfig], allow_partial: bool
) -> PreTrainedConfig:
    """Read the configuration of a model, as one of a `kind`.

    Raises
    ------
    InputError
        If it is damaged, of a model that transformers does not know, or of a larger one than there are weights for.
    """
    check_numbers(directory)
    with blaming(directory / "config.json", "take the one that belongs to the weights", *DAMAGED_MODEL):
        config = kind.from_pretrained(directory, trust_remote_code=False)
    check_sizes(directory, config, allow_partial)
    # Whatever it says: the last states are asked for by name, and nothing else is.
    config.return_dict, config.output_hidden_states, config.output_attentions = True, False, False
    return config


def architectures(directory: Path) -> list[str]:
    """What a model directory calls its model."""
    file = directory / "config.json"
    return [str(name) for name in json_field(read_json(file), "architectures", list, file) or []]


def length_limit(backbone: PreTrainedModel) -> int:
    """The longest input that a backbone has positions for, in tokens."""
    limit = getattr(backbone.config, "max_position_embeddings", None) or LENGTH_IF_UNKNOWN
    if backbone.config.model_type in ("roberta", "xlm-roberta", "camembert", "mpnet"):
        limit -= backbone.config.pad_token_id + 1  # their positions start behind the padding's
    return limit


def check_complete(directory: Path, needs_tokenizer: bool) -> None:
    """Refuse a directory without configuration, weights or tokenizer before anything is loaded from it."""
    if not (directory / "config.json").is_file():
        raise InputError(f"{directory}: no config.json; name a directory that save_pretrained has written")
    if not any((directory / file).is_file() for file in (*WEIGHT_FILES, *SHARDED)):
        raise InputError(
            f"{directory}: no weights ({' or '.join(WEIGHT_FILES)}); copy the complete model directory"
        )
    if needs_tokenizer and not list(directory.glob("tokenizer*")) + list(directory.glob("vocab*")):
        raise InputError(
            f"{directory}: no tokenizer files; copy those of the base model into it (STAR and ADORE: vocab.json and "
            "merges.txt of roberta-base)"
        )
    read_json(directory / "config.json")


def report_misfits(
    directory: Path,
    model: str,
    missing: list[str],
    unexpected: list[str],
    wrong_shape: list[str],
    allow_partial: bool,
) -> None:
    """Refuse a checkpoint whose weights are not those of its model, or, with `allow_partial`, warn of it.

    Parameters
    ----------
    directory, model
        The model directory, and what the model is called.
    missing, unexpected : list of str
        Weights that the model has and the file lacks, and the other way round.
    wrong_shape : list of str
        Weights of another shape, with both shapes; these are refused in any case.
    """
    names = [
        f"{kind} {name}"
        for kind, found in (("wrong shape", wrong_shape), ("missing", missing), ("unexpected", unexpected))
        for name in found
    ]
    if not names:
        return
    listed = ", ".join(names[:NAMED]) + (f" and {len(names) - NAMED} more" if len(names) > NAMED else "")
    problem = f"{directory}: {len(names)} weights do not fit {model}: {listed}"
    if wrong_shape:
        raise InputError(f"{problem}; take the config.json that belongs to them")
    if not allow_partial:
        raise InputError(f"{problem}; take the complete checkpoint, or add `allow_partial`")
    remark(f"{problem}; missing ones start from random values, unexpected ones are left out")
