"""Train a low-rank linear map behind the frozen encoder: seconds, and no encoder needed while training."""

import torch
from torch import nn

from pyserini_ltre.encode.head import Normalize
from pyserini_ltre.encode.model import BiEncoder
from pyserini_ltre.train.loop.schedule import ScheduleDefaults

RANK = 64


class LowRankResidual(nn.Module):
    """q + q A B, scaled to length 1 if the encoder does so.

    Parameters
    ----------
    dimension : int
        Size d of the embeddings.
    rank : int
        Width of A (d, rank) and B (rank, d); B begins as zeros, so the map begins as the identity.
    normalise : bool
        Whether the result is scaled to length 1.

    Notes
    -----
    Khatry et al., "Augmented Embeddings for Custom Retrievals" (arXiv 2310.05380).
    """

    def __init__(self, dimension: int, rank: int, normalise: bool) -> None:
        super().__init__()
        self.down = nn.Linear(dimension, rank, bias=False)
        self.up = nn.Linear(rank, dimension, bias=False)
        nn.init.zeros_(self.up.weight)
        self.last = Normalize() if normalise else nn.Identity()

    def forward(self, embeddings: torch.Tensor) -> torch.Tensor:
        """Map (B, d) frozen embeddings to (B, d)."""
        return self.last(embeddings + self.up(self.down(embeddings)))

    @torch.no_grad()
    def as_linear(self) -> nn.Linear:
        """The same map as one linear layer, identity included, before the scaling."""
        dimension = self.up.out_features
        layer = nn.Linear(dimension, dimension, bias=False, device=self.up.weight.device)
        layer.weight.copy_(
            torch.eye(dimension, device=self.up.weight.device) + self.up.weight @ self.down.weight
        )
        return layer


class QueryAdapter:
    """A low-rank map on frozen query embeddings; see `Trainable`.

    Parameters
    ----------
    encoder : BiEncoder
        Stays as it is until `finish` puts the map behind its head.
    rank : int
        Rank of the map, at most the size of the embeddings.
    """

    defaults = ScheduleDefaults(learning_rate=2e-3, steps=1000)
    anchor = 2.0

    def __init__(self, encoder: BiEncoder, rank: int = RANK) -> None:
        self.encoder = encoder
        self.module = LowRankResidual(encoder.dimension, min(rank, encoder.dimension), encoder.normalises)
        self.module.to(encoder.device)

    def features(self, texts: list[str], frozen: torch.Tensor) -> list[dict]:
        """The frozen embedding of each query."""
        return [{"embedding": embedding} for embedding in frozen]

    def collate(self, features: list[dict]) -> dict[str, torch.Tensor]:
        """Stack to ``embeddings`` (B, d)."""
        return {"embeddings": torch.stack([feature["embedding"] for feature in features])}

    @torch.no_grad()
    def embed(self, texts: list[str], frozen: torch.Tensor) -> torch.Tensor:
        """Map the frozen embeddings."""
        return self.module(frozen.to(self.encoder.device)).cpu()

    def finish(self) -> BiEncoder:
        """Append the map, a standard ``Dense`` module, to the encoder's head."""
        self.encoder.head.append(self.module.as_linear())
        if isinstance(self.module.last, Normalize):
            self.encoder.head.append(Normalize())
        return self.encoder.eval()

    def discard(self) -> BiEncoder:
        """Leave the encoder as it always was."""
        return self.encoder.eval()
