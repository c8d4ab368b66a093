"""An encoder to a model directory: the files of transformers, of sentence-transformers, and ours."""

from collections.abc import Mapping
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING

from pyserini_ltre.encode.forms import Weights, write_form
from pyserini_ltre.encode.head import write_head
from pyserini_ltre.encode.recognising import OURS
from pyserini_ltre.json_files import write_json

if TYPE_CHECKING:
    from pyserini_ltre.encode.model import BiEncoder


def write_encoder(encoder: "BiEncoder", directory: Path, description: Mapping[str, object]) -> None:
    """Write an encoder into an empty directory; the description becomes fields of ``pyserini_ltre.json``."""
    settings = encoder.settings
    write_form(directory, settings.family, Weights(encoder.backbone, encoder.head, encoder.sides))
    encoder.tokenizer.save_pretrained(directory)
    write_head(directory, encoder.head, settings.pooling, encoder.width, encoder.family.portable)
    longest = max(settings.query_max_length, settings.document_max_length)
    write_json(directory / "sentence_bert_config.json", {"max_seq_length": longest, "do_lower_case": False})
    prompts = {"query": settings.query_prefix, "document": settings.document_prefix}
    similarity = "cosine" if encoder.normalises else "dot"
    write_json(
        directory / "config_sentence_transformers.json",
        {"prompts": prompts, "default_prompt_name": None, "similarity_fn_name": similarity},
    )
    embeds = {**asdict(settings), "normalise": encoder.normalises, "dimension": encoder.dimension}
    learned: dict[str, object] = {}
    if encoder.feedback is not None:
        learned = {"feedback": encoder.feedback.record()}
        encoder.feedback.write(directory)
    write_json(directory / OURS, {"encoder": embeds, **description, **learned})
