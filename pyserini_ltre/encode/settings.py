"""What an encoder does besides its weights, as the model directory says: pooling, prefixes, lengths, form of text."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, Literal, get_args, get_type_hints

from pyserini_ltre.errors import InputError
from pyserini_ltre.json_files import json_field, read_json

Side = Literal["query", "document"]
Tokenisation = Literal["own", "star"]
DocumentForm = Literal["plain", "star", "parts"]
FamilyName = Literal[
    "plain",
    "tct_colbert",
    "dpr",
    "dkrr",
    "bpr",
    "ance",
    "sentence",
    "contriever",
    "cosdpr",
    "aggretriever",
    "arctic",
    "qwen3",
    "auto",
]
Pooling = Literal["cls", "mean", "last"]
POOLINGS: tuple[str, ...] = get_args(Pooling)
# Of a document in STAR's form.
STAR_CHARACTERS = 10_000
# Ends the title of a document whose parts are kept apart.
TITLE_END = "\x1f"
LENGTH_IF_UNKNOWN = 512
# The tokenizer of a model that states no limit reports a number of about 1e30.
NO_LIMIT = 1_000_000


@dataclass(frozen=True)
class EncoderSettings:
    """How texts become vectors.

    Attributes
    ----------
    pooling : {"cls", "mean", "last"}
        Which token states make the embedding.
    query_prefix, document_prefix : str
        Put before every query or document (for example ``"query: "`` for E5).
    query_max_length, document_max_length : int
        Tokens after which a query or a document is cut.
    tokenisation : {"own", "star"}
        The model directory's own tokenizer, or its byte pairs applied to the text as STAR was trained with.
    document_form : {"plain", "star", "parts"}
        How the parts of a document are joined; see `pyserini_ltre.encode.settings.document_text`.
    family : str
        What Pyserini calls an encoder that behaves so, see `pyserini_ltre.encode.families`; or ``plain``.
    """

    pooling: Pooling = "mean"
    query_prefix: str = ""
    document_prefix: str = ""
    query_max_length: int = LENGTH_IF_UNKNOWN
    document_max_length: int = LENGTH_IF_UNKNOWN
    tokenisation: Tokenisation = "own"
    document_form: DocumentForm = "plain"
    family: FamilyName = "plain"

    def prefix(self, side: Side) -> str:
        """Text that goes before every text of a side."""
        return self.query_prefix if side == "query" else self.document_prefix

    def max_length(self, side: Side) -> int:
        """Tokens after which a text of a side is cut."""
        return self.query_max_length if side == "query" else self.document_max_length


def read_pooling(config: Mapping[str, Any], source: Path) -> Pooling:
    """Pooling named by sentence-transformers' pooling configuration, in its old or its new form."""
    new_form = config.get("pooling_mode")
    if isinstance(new_form, list):
        new_form = "+".join(map(str, new_form))
    old_form = [
        name.removeprefix("pooling_mode_").removesuffix("_tokens").removesuffix("_token")
        for name, value in config.items()
        if name.startswith("pooling_mode_") and value
    ]
    modes = old_form if new_form is None else [str(new_form)]
    names: dict[str, Pooling] = {"lasttoken": "last", "last": "last", "cls": "cls", "mean": "mean"}
    if len(modes) != 1 or modes[0] not in names:
        raise InputError(
            f"{source}: pooling {'+'.join(map(str, modes)) or 'missing'}; use one of {', '.join(POOLINGS)}"
        )
    return names[modes[0]]


def read_settings(
    directory: Path, default_pooling: Pooling, length_limit: int, default_tokenisation: Tokenisation = "own"
) -> EncoderSettings:
    """Read the settings of a model directory: our ``pyserini_ltre.json``, and sentence-transformers' files below it.

    Parameters
    ----------
    default_pooling, default_tokenisation
        Where no file names one.
    length_limit : int
        The longest input that the backbone takes, in tokens.

    Raises
    ------
    InputError
        If a file is not JSON, a setting is of another kind, or none of those that there are.
    """
    pooling_file = directory / "1_Pooling" / "config.json"
    pooling_config = read_json(pooling_file)
    prompts_file = directory / "config_sentence_transformers.json"
    prompts = json_field(read_json(prompts_file), "prompts", dict, prompts_file) or {}
    query, document, passage = (
        json_field(prompts, name, str, prompts_file) for name in ("query", "document", "passage")
    )
    stated = None
    for name, field in (("sentence_bert", "max_seq_length"), ("tokenizer", "model_max_length")):
        file = directory / f"{name}_config.json"
        stated = stated or json_field(read_json(file), field, float, file)
    length = min(int(stated) if stated and stated < NO_LIMIT else LENGTH_IF_UNKNOWN, length_limit)
    settings = EncoderSettings(
        pooling=read_pooling(pooling_config, pooling_file) if pooling_config else default_pooling,
        query_prefix=query or "",
        document_prefix=(passage if document is None else document) or "",
        query_max_length=length,
        document_max_length=length,
        tokenisation=default_tokenisation,
    )
    return replace(settings, **saved_settings(directory / "pyserini_ltre.json"))


def saved_settings(file: Path) -> dict[str, Any]:
    """The settings that our own file, ``pyserini_ltre.json``, names."""
    ours = json_field(read_json(file), "encoder", dict, file) or {}
    found: dict[str, Any] = {}
    for name, hint in get_type_hints(EncoderSettings).items():
        choices = get_args(hint)
        value = json_field(ours, name, str if choices else hint, file)
        if choices and value is not None and value not in choices:
            raise InputError(f"{file}: {name} {value}; use one of {', '.join(choices)}")
        if value is not None:
            found[name] = value
    return found


def document_text(title: str | None, text: str | None, form: DocumentForm = "plain") -> str:
    """What is encoded of a document.

    Parameters
    ----------
    title, text : str, optional
        Its parts.
    form : {"plain", "star", "parts"}
        ``plain``: title and text with a space between, as Pyserini joins them. ``star``: URL, title and text with
        ``<sep>`` between, the first 10,000 characters, as STAR was trained on the documents of MS MARCO. The URL is
        the first word of the title, as our reader of these documents puts it; a title without one has none.
        ``parts``: the title, if it is not None, and the text with `TITLE_END` between, for an encoder that has a use
        of its own for each.

    Returns
    -------
    str
        The text; parts that the document does not have are left out, but for the title behind a URL.
    """
    if form == "parts":
        parts = [part.replace(TITLE_END, " ") for part in (title, text or "") if part is not None]
        return TITLE_END.join(parts)
    if form == "plain":
        return " ".join(part for part in (title, text) if part)
    first, _, rest = (title or "").partition(" ")
    heading = [first, rest] if "://" in first else [title] if title else []
    return "<sep>".join(part.rstrip() for part in (*heading, text or ""))[:STAR_CHARACTERS]
