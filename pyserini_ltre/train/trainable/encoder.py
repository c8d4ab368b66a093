"""Train all weights of the encoder."""

import torch
from torch import nn

from pyserini_ltre.encode.batching import encode_texts
from pyserini_ltre.encode.model import BiEncoder
from pyserini_ltre.train.loop.schedule import ScheduleDefaults


class WholeEncoder:
    """All weights of an encoder; see `Trainable`.

    Parameters
    ----------
    encoder : BiEncoder
        Trained in place.
    """

    defaults = ScheduleDefaults(learning_rate=5e-5, steps=300)
    anchor = 1.0

    def __init__(self, encoder: BiEncoder) -> None:
        self.encoder = encoder
        self.module: nn.Module = encoder
        self.start = {name: value.to("cpu", copy=True) for name, value in encoder.state_dict().items()}

    def features(self, texts: list[str], frozen: torch.Tensor) -> list[dict]:
        """Token ids of each query."""
        return [{"input_ids": token_ids} for token_ids in self.encoder.tokenize(texts, "query")]

    def collate(self, features: list[dict]) -> dict[str, torch.Tensor]:
        """Pad to ``input_ids`` and ``attention_mask`` (B, L)."""
        return self.encoder.pad([feature["input_ids"] for feature in features])

    def embed(self, texts: list[str], frozen: torch.Tensor) -> torch.Tensor:
        """Encode the queries anew."""
        return torch.from_numpy(encode_texts(self.encoder, texts, "query"))

    def finish(self) -> BiEncoder:
        """The encoder itself."""
        return self.encoder.eval()

    def discard(self) -> BiEncoder:
        """Put the first weights back."""
        self.encoder.load_state_dict(self.start)
        return self.encoder.eval()
