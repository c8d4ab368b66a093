"""Texts to token ids, as an encoder's family is fed them."""

from typing import Any

from transformers import PreTrainedTokenizerBase

from pyserini_ltre.encode.families import FAMILIES, as_fed
from pyserini_ltre.encode.settings import EncoderSettings, Side


def token_ids_of(
    texts: list[str], side: Side, tokenizer: PreTrainedTokenizerBase, settings: EncoderSettings
) -> list[list[int]]:
    """Token ids of each text, prefix and special tokens included, cut at the side's length."""
    fed = [as_fed(text, side, settings) for text in texts]
    token_ids = _tokenized(
        [first for first, second in fed if second is None], None, side, tokenizer, settings
    )
    pairs = [pair for pair in fed if pair[1] is not None]
    if not pairs:
        return token_ids
    firsts, seconds = ([pair[number] for pair in pairs] for number in (0, 1))
    alone, paired = iter(token_ids), iter(_tokenized(firsts, seconds, side, tokenizer, settings))
    return [next(alone if second is None else paired) for _, second in fed]


def _tokenized(
    texts: list[Any],
    seconds: list[Any] | None,
    side: Side,
    tokenizer: PreTrainedTokenizerBase,
    settings: EncoderSettings,
) -> list[list[int]]:
    if not texts:
        return []
    token_ids: list[list[int]] = tokenizer(
        texts,
        seconds,
        truncation=True,
        max_length=settings.max_length(side),
        add_special_tokens=not FAMILIES[settings.family].query_mark,
        return_attention_mask=False,
        return_token_type_ids=False,
    )["input_ids"]
    return token_ids
