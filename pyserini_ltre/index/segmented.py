"""Exact search in vectors that lie in several pieces, each as it is in its file."""

import torch

from pyserini_ltre.index.exact import exact_search, gathered


class SegmentedIndex:
    """Exact inner-product search in pieces of an index, as if they were one.

    Parameters
    ----------
    pieces : list of Tensor (n, d)
        Document vectors; the rows of a piece follow those of the one before.
    """

    def __init__(self, pieces: list[torch.Tensor]) -> None:
        self.pieces = pieces
        self.starts = torch.tensor([0, *(len(piece) for piece in pieces)]).cumsum(0)

    def __len__(self) -> int:
        return int(self.starts[-1])

    @property
    def dimension(self) -> int:
        """Size of the vectors."""
        return self.pieces[0].shape[1]

    @torch.no_grad()
    def search(self, queries: torch.Tensor, k: int) -> tuple[torch.Tensor, torch.Tensor]:
        """Find the k documents with the largest inner products; see `DenseIndex.search`."""
        moved = queries.detach().float().cpu()
        scores, rows = [], []
        for piece, start in zip(self.pieces, self.starts, strict=False):
            found, places = exact_search(piece, moved, k)
            scores.append(found)
            rows.append(torch.where(places < 0, places, places + start))
        best, order = torch.cat(scores, 1).topk(k, dim=1)
        return best.to(queries.device), torch.cat(rows, 1).gather(1, order).to(queries.device)

    def vectors(self, rows: torch.Tensor) -> torch.Tensor:
        """Vectors of rows; see `DenseIndex.vectors`."""
        wanted = rows.cpu().flatten()
        found = torch.empty(len(wanted), self.dimension)
        piece_of = torch.searchsorted(self.starts, wanted, right=True) - 1
        for number in piece_of.unique().tolist():
            there = piece_of == number
            found[there] = gathered(self.pieces[number], wanted[there] - self.starts[number])
        return found.view(*rows.shape, self.dimension).to(rows.device)
