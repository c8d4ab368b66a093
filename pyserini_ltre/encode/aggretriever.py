"""Aggretriever: the CLS state, and what a masked language model says of all the other tokens, in one vector."""

from pathlib import Path

import torch
from torch import nn
from transformers import AutoConfig, AutoModelForMaskedLM, PreTrainedConfig, PreTrainedModel
from transformers.modeling_outputs import BaseModelOutput

from pyserini_ltre.encode.named_parts import fill_parts, write_parts
from pyserini_ltre.encode.reading import DAMAGED_MODEL, WHOLE, read_config
from pyserini_ltre.encode.weights import read_weights
from pyserini_ltre.errors import InputError, blaming

SEMANTIC, LEXICAL = 128, 640
# BERT's vocabulary, for which the length of a slice was chosen: it is filled up so that its last slice is whole.
VOCABULARY = 30522
# What the architecture is called by Pyserini, one for each backbone that it takes.
ARCHITECTURES = {"bert": "BertAggretrieverEncoder", "distilbert": "DistlBertAggretrieverEncoder"}


class Aggretriever(PreTrainedModel):
    """A backbone whose only "state" is the embedding (B, 1, 768), so that it is pooled as others are.

    Parameters
    ----------
    config : PreTrainedConfig
        Of a BERT or DistilBERT.

    Notes
    -----
    Lin et al., "Aggretriever: A Simple Approach to Aggregate Textual Representations for Robust Dense Passage
    Retrieval" (arXiv 2208.00511). Pyserini's class also counts padding as tokens that say 0 of every word, so that its
    vector of a document depends on the others in the batch; here it is that of the document alone.
    """

    config_class = PreTrainedConfig
    base_model_prefix = "encoder"
    dimension = SEMANTIC + LEXICAL

    def __init__(self, config: PreTrainedConfig) -> None:
        super().__init__(config)
        self.encoder = AutoModelForMaskedLM.from_config(config)
        self.tok_proj = nn.Linear(config.hidden_size, 1)
        self.cls_proj = nn.Linear(config.hidden_size, SEMANTIC)

    def forward(self, input_ids: torch.Tensor, attention_mask: torch.Tensor) -> BaseModelOutput:
        """Embed a batch padded on the right: token ids and mask (B, L)."""
        output = self.encoder(input_ids=input_ids, attention_mask=attention_mask, output_hidden_states=True)
        states = output.hidden_states[-1]
        said = output.logits[:, 1:].softmax(-1) * self.tok_proj(states[:, 1:])
        padding = attention_mask[:, 1:, None] == 0
        words = said.masked_fill(padding, float("-inf")).amax(1)
        vectors = torch.cat((self.cls_proj(states[:, 0]), _in_slices(words)), -1)
        return BaseModelOutput(last_hidden_state=vectors[:, None])


def _in_slices(words: torch.Tensor) -> torch.Tensor:
    """Lay slices of the vocabulary (B, V) over each other, then odd places against even ones: (B, 640)."""
    over = VOCABULARY % (2 * LEXICAL)
    over -= 2 * LEXICAL * (over > 1000)  # the first 1000 words of BERT's vocabulary mean nothing
    words = words[:, over:] if over >= 0 else nn.functional.pad(words, (0, -over))
    pairs = words.unflatten(1, (-1, LEXICAL, 2)).amax(1)
    larger, other = pairs.unbind(-1)
    return torch.where(larger > other, larger, -other)


def read_aggretriever(directory: Path, allow_partial: bool) -> tuple[PreTrainedModel, nn.Sequential]:
    """Read weights named ``encoder.*``, ``tok_proj.*`` and ``cls_proj.*``; the head is empty.

    An `InputError` says if they are others; with `allow_partial`, missing ones become random, with a warning.
    """
    weights = read_weights(directory)
    config = read_config(directory, AutoConfig, allow_partial)
    slices = (config.vocab_size - VOCABULARY) / (2 * LEXICAL) if config.model_type in ARCHITECTURES else 0.5
    if not slices.is_integer():
        raise InputError(
            f"{directory}: Aggretriever is a BERT or DistilBERT with {VOCABULARY} words; leave `encoder_class` out, or "
            "name what it is"
        )
    with blaming(directory, WHOLE, *DAMAGED_MODEL):
        backbone = Aggretriever(config)
    left_out = ("position_ids", ".pooler.dense.weight", ".pooler.dense.bias")
    weights = {name: value for name, value in weights.items() if not name.endswith(left_out)}
    fill_parts(directory, "Aggretriever", {"": backbone}, weights, allow_partial)
    return backbone, nn.Sequential()


def write_aggretriever(directory: Path, backbone: PreTrainedModel) -> None:
    """Write a checkpoint with the names that Pyserini's class reads."""
    backbone.config.output_hidden_states = True  # which it does not ask for, but needs
    try:
        architecture = ARCHITECTURES[backbone.config.model_type]
        write_parts(directory, backbone.config, architecture, {"": backbone}, pyserinis=True)
    finally:
        backbone.config.output_hidden_states = False
