"""Search in an index that lies in several parts, each as it is in its file."""

from collections.abc import Sequence

import torch

from pyserini_ltre.index.seam import DenseIndex


def merged(found: Sequence[tuple[torch.Tensor, torch.Tensor]], k: int) -> tuple[torch.Tensor, torch.Tensor]:
    """Join what was found in the parts of an index to the best k (or all, if fewer), by score, then row.

    Parameters
    ----------
    found : sequence of pairs of Tensor (B, m) and LongTensor (B, m)
        Scores and rows of each part, the rows those of the whole.
    k : int
        Documents a query.
    """
    scores, rows = (torch.cat(column, 1) for column in zip(*found, strict=True))
    rows, by_row = rows.sort(dim=1)
    best, order = scores.gather(1, by_row).sort(dim=1, descending=True, stable=True)
    return best[:, :k], rows.gather(1, order[:, :k])


class SegmentedIndex:
    """Search in the parts of an index, one after the other, as if they were one.

    Parameters
    ----------
    parts : sequence of DenseIndex
        The rows of a part follow those of the one before.
    """

    def __init__(self, parts: Sequence[DenseIndex]) -> None:
        self.parts = parts
        self.starts = torch.tensor([0, *(len(part) for part in parts)]).cumsum(0)

    def __len__(self) -> int:
        return int(self.starts[-1])

    @property
    def dimension(self) -> int:
        """Size of the vectors."""
        return self.parts[0].dimension

    @torch.no_grad()
    def search(self, queries: torch.Tensor, k: int) -> tuple[torch.Tensor, torch.Tensor]:
        """Find the k documents with the largest inner products, by score, then row; see `DenseIndex.search`."""
        moved = queries.detach().float().cpu()
        found = []
        for part, start in zip(self.parts, self.starts, strict=False):
            scores, places = part.search(moved, k)
            found.append((scores, torch.where(places < 0, places, places + start)))
        scores, rows = merged(found, k)
        return scores.to(queries.device), rows.to(queries.device)

    def vectors(self, rows: torch.Tensor) -> torch.Tensor:
        """Vectors of rows; see `DenseIndex.vectors`."""
        wanted = rows.cpu().flatten()
        found = torch.empty(len(wanted), self.dimension)
        part_of = torch.searchsorted(self.starts, wanted, right=True) - 1
        for number in part_of.unique().tolist():
            there = part_of == number
            found[there] = self.parts[number].vectors(wanted[there] - self.starts[number])
        return found.view(*rows.shape, self.dimension).to(rows.device)
