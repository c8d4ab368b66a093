"""One vector a text out of its token states."""

import torch


def pool(states: torch.Tensor, mask: torch.Tensor, pooling: str) -> torch.Tensor:
    """Pool token states.

    Parameters
    ----------
    states : Tensor (B, L, h)
        Last hidden states.
    mask : Tensor (B, L)
        1 on tokens, 0 on padding, which may stand on either side.
    pooling : {"cls", "mean", "last"}
        First token, mean over the tokens, or last token.

    Returns
    -------
    Tensor (B, h)
        A vector a text.
    """
    if pooling == "mean":
        weights = mask.unsqueeze(-1).to(states.dtype)
        return (states * weights).sum(1) / weights.sum(1).clamp(min=1e-9)
    positions = torch.arange(mask.shape[1], device=mask.device)
    if pooling == "cls":
        chosen = torch.where(mask.bool(), positions, mask.shape[1]).argmin(1)
    elif pooling == "last":
        chosen = torch.where(mask.bool(), positions, -1).argmax(1)
    else:
        raise ValueError(f"pooling {pooling!r} is not one of cls, mean, last")
    return states[torch.arange(len(states), device=states.device), chosen]
