"""Which documents a query is trained on: what retrieval returned, and the relevant documents that it missed."""

from typing import NamedTuple

import torch


class Candidates(NamedTuple):
    """Documents of each query of a batch, as the losses want them.

    Attributes
    ----------
    rows : LongTensor (B, m)
        Row numbers: retrieved ones in order, then appended relevant ones; 0 on padding.
    relevant, valid : BoolTensor (B, m)
        Which columns are judged relevant; which are not padding.
    """

    rows: torch.Tensor
    relevant: torch.Tensor
    valid: torch.Tensor


def candidates(retrieved: torch.Tensor, positives: torch.Tensor, most_appended: int) -> Candidates:
    """Join what was retrieved with the relevant documents that were not.

    Parameters
    ----------
    retrieved : LongTensor (B, k)
        Retrieved rows, best first; -1 where there are fewer than k.
    positives : LongTensor (B, p)
        All rows that are judged relevant, the most relevant first; -1 on padding.
    most_appended : int
        Relevant documents appended to a query at most.

    Returns
    -------
    Candidates
        With m between k and k + `most_appended`.
    """
    equal = (retrieved.unsqueeze(2) == positives.unsqueeze(1)) & (positives >= 0).unsqueeze(1)
    missed = (positives >= 0) & ~equal.any(1)
    appended = missed & (missed.cumsum(1) <= most_appended)
    width = int(appended.sum(1).max()) if appended.numel() else 0
    present, place = appended.to(torch.uint8).sort(dim=1, descending=True, stable=True)
    present, extra = present[:, :width].bool(), positives.gather(1, place[:, :width])
    rows = torch.cat([retrieved, extra], 1)
    valid = torch.cat([retrieved >= 0, present], 1)
    relevant = torch.cat([equal.any(2), present], 1)
    return Candidates(rows.masked_fill(~valid, 0), relevant, valid)
