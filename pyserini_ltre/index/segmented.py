"""Search in an index that lies in several parts, each as it is in its file."""

from collections.abc import Sequence

import torch

from pyserini_ltre.index.seam import DenseIndex


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
        scores, rows = (torch.cat(column, 1) for column in zip(*found, strict=True))
        rows, by_row = rows.sort(dim=1)
        best, order = scores.gather(1, by_row).sort(dim=1, descending=True, stable=True)
        return best[:, :k].to(queries.device), rows.gather(1, order[:, :k]).to(queries.device)

    def vectors(self, rows: torch.Tensor) -> torch.Tensor:
        """Vectors of rows; see `DenseIndex.vectors`."""
        wanted = rows.cpu().flatten()
        found = torch.empty(len(wanted), self.dimension)
        part_of = torch.searchsorted(self.starts, wanted, right=True) - 1
        for number in part_of.unique().tolist():
            there = part_of == number
            found[there] = self.parts[number].vectors(wanted[there] - self.starts[number])
        return found.view(*rows.shape, self.dimension).to(rows.device)
