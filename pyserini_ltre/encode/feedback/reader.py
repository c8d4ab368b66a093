"""An encoder that reads a query together with documents, and embeds the query."""

from typing import Self

import torch
from transformers import PreTrainedTokenizerBase

from pyserini_ltre.encode.model import BiEncoder
from pyserini_ltre.errors import InputError

# As ANCE-PRF reads; longer than that, few encoders can.
MOST_TOKENS = 512


class Reader(BiEncoder):
    """Reads ``query [SEP] document [SEP] document [SEP]``; the states of the query's tokens make the embedding.

    Otherwise as `BiEncoder`: without documents, it is the encoder that it is made of.
    """

    @classmethod
    def of(cls, encoder: BiEncoder) -> Self:
        """The same weights, for reading.

        Raises
        ------
        InputError
            If the encoder does not mark where a text ends, or embeds its last token.
        """
        end, query = _end_of(encoder.tokenizer), encoder.tokenize(["a"], "query")[0]
        if encoder.settings.pooling == "last" or end not in query or query.index(end) != len(query) - 1:
            raise InputError(
                f"{encoder.name}: cannot read documents beside a query, for it does not mark where a text ends, or "
                "embeds its last token; learn feedback from vectors, without `texts`"
            )
        parts = encoder.backbone, encoder.tokenizer, encoder.head, encoder.settings
        return cls(*parts, encoder.name, encoder.sides).train(encoder.training)

    @property
    def longest(self) -> int:
        """Most tokens that are read."""
        return min(MOST_TOKENS, self.longest_input)

    def joined(self, query: list[int], documents: list[list[int]]) -> list[int]:
        """Token ids of what is read; what is too long is cut, as the last document is the least."""
        end = _end_of(self.tokenizer)
        ended = [token for document in documents for token in (*document, end)]
        return [*query, *ended][: max(self.longest, len(query))]

    def first(self, input_ids: torch.Tensor, attention_mask: torch.Tensor) -> torch.Tensor:
        """Embed what `joined` gave, padded: (B, d)."""
        ends = torch.eq(input_ids, _end_of(self.tokenizer)).to(attention_mask.dtype)
        # Up to the first end, which is the query's last token.
        of_query = torch.eq(ends.cumsum(1) - ends, 0).to(attention_mask.dtype)
        return self.embed_states(self.states(input_ids, attention_mask), attention_mask * of_query)


def _end_of(tokenizer: PreTrainedTokenizerBase) -> int:
    """The token that ends a text; -1 if there is none."""
    end: int | None = tokenizer.eos_token_id if tokenizer.sep_token_id is None else tokenizer.sep_token_id
    return -1 if end is None else end
