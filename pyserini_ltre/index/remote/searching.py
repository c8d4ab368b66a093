"""The retrieval seam over shards that lie on other machines."""

import numpy as np
import torch

from pyserini_ltre.index.lengths import VectorLengths
from pyserini_ltre.index.remote.workers import Workers
from pyserini_ltre.index.segmented import merged


class RemoteIndex:
    """Search by workers, each in its shards, all at once; a row is one of all shards, in their order.

    Parameters
    ----------
    workers : Workers
        They hold the shards.
    backend : str
        How each searches; see `IndexDirectory.open`.
    """

    def __init__(self, workers: Workers, backend: str) -> None:
        self.workers, self.backend = workers, backend
        self.starts = np.cumsum([0, *(shard["rows"] for shard in workers.manifest.shards)])

    def __len__(self) -> int:
        return int(self.starts[-1])

    @property
    def dimension(self) -> int:
        """Size of the vectors."""
        return self.workers.manifest.dimension

    @torch.no_grad()
    def search(self, queries: torch.Tensor, k: int) -> tuple[torch.Tensor, torch.Tensor]:
        """Find the k documents with the largest inner products, by score, then row; see `DenseIndex.search`."""
        moved = queries.detach().float().cpu().numpy()
        starts = dict(enumerate(self.starts[:-1].tolist()))
        answers = self.workers.ask("search", starts, moved, k, self.backend)
        # Copied, because what Ray hands over may only be read, of which torch would complain.
        found = [(torch.from_numpy(scores.copy()), torch.from_numpy(rows.copy())) for scores, rows in answers]
        scores, rows = merged(found, k)
        return scores.to(queries.device), rows.to(queries.device)

    def vectors(self, rows: torch.Tensor) -> torch.Tensor:
        """Vectors of rows; see `DenseIndex.vectors`."""
        # Each is sent once, however many queries have found it.
        wanted, place = np.unique(rows.cpu().numpy().ravel(), return_inverse=True)
        parts = split(self.starts, wanted)
        answers = self.workers.ask(
            "vectors",
            {number: wanted[part] - self.starts[number] for number, part in parts.items()},
            self.backend,
        )
        found = np.empty((len(wanted), self.dimension), np.float32)
        for answer in answers:
            for number, vectors in answer.items():
                found[parts[number]] = vectors
        return torch.from_numpy(found[place]).view(*rows.shape, self.dimension).to(rows.device)

    def vector_lengths(self) -> VectorLengths:
        """Lengths of all vectors, looked at where they lie."""
        whole = dict.fromkeys(range(len(self.starts) - 1))
        of_shard: dict[int, VectorLengths] = {}
        for answer in self.workers.ask("lengths", whole, self.backend):
            of_shard |= answer
        lengths = [of_shard[number] for number in sorted(of_shard)]
        unsound = [
            start + one.unsound
            for start, one in zip(self.starts.tolist(), lengths, strict=False)
            if one.unsound is not None
        ]
        return VectorLengths(
            sum(one.zeros for one in lengths),
            min(one.shortest for one in lengths),
            max(one.longest for one in lengths),
            unsound[0] if unsound else None,
        )


def split(starts: np.ndarray, rows: np.ndarray) -> dict[int, slice]:
    """Which of some rows, in rising order, lie in which shard: those without any are left out."""
    limits = np.searchsorted(rows, starts).tolist()
    parts = {number: slice(*limits[number : number + 2]) for number in range(len(starts) - 1)}
    return {number: part for number, part in parts.items() if part.start < part.stop}
