"""Which documents a query is trained on: what retrieval returned, and the relevant documents it missed."""

from typing import NamedTuple

import torch


class Candidates(NamedTuple):
    """Documents of each query of a batch, as the losses want them.

    Attributes
    ----------
    rows : LongTensor (B, m)
        Row numbers: retrieved ones in order, then appended relevant ones; 0 on padding.
    grades : Tensor (B, m)
        Judged grade; 0 where not judged relevant.
    valid : BoolTensor (B, m)
        False on padding.
    """

    rows: torch.Tensor
    grades: torch.Tensor
    valid: torch.Tensor


def candidates(
    retrieved: torch.Tensor, positives: torch.Tensor, grades: torch.Tensor, max_appended_positives: int
) -> Candidates:
    """Join what was retrieved with the relevant documents that were not.

    Parameters
    ----------
    retrieved : LongTensor (B, k)
        Retrieved rows, best first; -1 where there are fewer than k.
    positives : LongTensor (B, p)
        All rows that are judged relevant, the most relevant first; -1 on padding.
    grades : Tensor (B, p)
        Their grades.
    max_appended_positives : int
        Relevant documents appended to a query at most.

    Returns
    -------
    Candidates
        With m between k and k + `max_appended_positives`.
    """
    equal = (retrieved.unsqueeze(2) == positives.unsqueeze(1)) & (positives >= 0).unsqueeze(1)
    found = torch.where(equal, grades.unsqueeze(1), 0.0).amax(2)
    missed = (positives >= 0) & ~equal.any(1)
    appended = missed & (missed.cumsum(1) <= max_appended_positives)
    width = int(appended.sum(1).max())
    present, place = appended.to(torch.uint8).sort(dim=1, descending=True, stable=True)
    present, place = present[:, :width].bool(), place[:, :width]
    rows = torch.cat([retrieved, positives.gather(1, place)], 1)
    valid = torch.cat([retrieved >= 0, present], 1)
    judged = torch.cat([found, grades.gather(1, place) * present], 1)
    return Candidates(rows.masked_fill(~valid, 0), judged, valid)
