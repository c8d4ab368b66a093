"""Train queries and documents together: one encoder with shared weights."""

import torch
from torch import nn
from torch.utils.checkpoint import checkpoint

from pyserini_ltre.encode.model import BiEncoder
from pyserini_ltre.options import Count, option, option_group
from pyserini_ltre.train.loop.schedule import ScheduleDefaults
from pyserini_ltre.train.trainable.encoder import WholeEncoder


@option_group
class MemoryOptions:
    """How much of a batch lies in memory at a time."""

    chunk: Count = option(
        "texts embedded at a time, of similar length: small chunks save padding", default=16
    )
    gradient_cache: bool = option(
        "a batch in the memory of a chunk, for one more forward pass", default=False
    )
    gradient_checkpointing: bool = option(
        "each layer in the memory of its input, for one more forward pass", default=False
    )


class ChunkedEncoder(nn.Module):
    """The shared encoder of queries and documents, given the texts of a batch in chunks of similar length.

    Parameters
    ----------
    encoder : BiEncoder
        The encoder.
    recompute : bool
        Whether what a chunk leaves behind for the gradient is thrown away and computed again when it is needed. A
        batch then takes the memory of one chunk, whatever its size, for the time of one more forward pass; weights
        move as they would without, dropout included.

    Notes
    -----
    Gradient caching: Gao et al., "Scaling Deep Contrastive Learning Batch Size under Memory Limited Setup"
    (arXiv 2101.06983).
    """

    def __init__(self, encoder: BiEncoder, recompute: bool) -> None:
        super().__init__()
        self.encoder = encoder
        self.recompute = recompute

    def forward(self, chunks: list[dict[str, torch.Tensor]], order: torch.Tensor) -> torch.Tensor:
        """Embed the texts of all chunks: (N, d), text i being number ``order[i]`` of the chunks'."""
        if self.recompute and torch.is_grad_enabled():
            embeddings = [
                checkpoint(self.encoder, chunk["input_ids"], chunk["attention_mask"], use_reentrant=False)
                for chunk in chunks
            ]
        else:
            embeddings = [self.encoder(**chunk) for chunk in chunks]
        return torch.cat(embeddings)[order]


class BothSides(WholeEncoder):
    """All weights of the shared encoder of queries and documents; see `Trainable`.

    Parameters
    ----------
    encoder : BiEncoder
        Trained in place.
    memory : MemoryOptions
        What is kept and what is computed again.
    """

    defaults = ScheduleDefaults(learning_rate=5e-5, steps=100, fewest_epochs=1, most_epochs=10, evaluations=2)

    def __init__(self, encoder: BiEncoder, memory: MemoryOptions) -> None:
        super().__init__(encoder)
        self.module: nn.Module = ChunkedEncoder(encoder, memory.gradient_cache)
        self.checkpointing = memory.gradient_checkpointing
        if self.checkpointing:
            encoder.backbone.gradient_checkpointing_enable({"use_reentrant": False})

    def finish(self) -> BiEncoder:
        """The encoder itself."""
        self._keep_activations()
        return super().finish()

    def discard(self) -> BiEncoder:
        """Put the first weights back."""
        self._keep_activations()
        return super().discard()

    def _keep_activations(self) -> None:
        if self.checkpointing:
            self.encoder.backbone.gradient_checkpointing_disable()
