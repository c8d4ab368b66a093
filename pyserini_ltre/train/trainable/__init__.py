"""What may be trained on the query side: the whole encoder, a low-rank adapter behind it, or LoRA inside it."""

from typing import Literal

from pyserini_ltre.train.trainable.adapter import QueryAdapter
from pyserini_ltre.train.trainable.base import Trainable
from pyserini_ltre.train.trainable.encoder import WholeEncoder
from pyserini_ltre.train.trainable.lora import LoraEncoder

Part = Literal["encoder", "adapter", "lora"]
TRAINABLE: dict[Part, type[WholeEncoder] | type[QueryAdapter]] = {
    "encoder": WholeEncoder,
    "adapter": QueryAdapter,
    "lora": LoraEncoder,
}

__all__ = ["Part", "TRAINABLE", "LoraEncoder", "QueryAdapter", "Trainable", "WholeEncoder"]
