"""The documents of a collection as vectors, window by window; windows that nobody needs are not encoded."""

from collections.abc import Callable, Iterator

import numpy as np

from pyserini_ltre.collection import Collection
from pyserini_ltre.encode.backends import ForwardPass
from pyserini_ltre.encode.batching import WINDOW, encode_stream
from pyserini_ltre.encode.model import BiEncoder
from pyserini_ltre.encode.settings import document_text
from pyserini_ltre.errors import InputError


class DocumentStream:
    """What is needed to encode a collection.

    Parameters
    ----------
    source : Collection
        The documents.
    docids : list of str
        Their ids, in their order.
    encoder : BiEncoder
        The document encoder.
    forward : ForwardPass
        What computes.
    batch_size : int
        Documents a batch.
    progress : bool
        Whether to show a bar.
    """

    def __init__(
        self,
        source: Collection,
        docids: list[str],
        encoder: BiEncoder,
        forward: ForwardPass,
        batch_size: int,
        progress: bool,
    ) -> None:
        self.source, self.docids = source, docids
        self.encoder, self.forward = encoder, forward
        self.batch_size, self.progress = batch_size, progress

    @property
    def record(self) -> dict[str, str | bool | int]:
        """What ``encoder.json`` says of the encoder, and of what computes."""
        computed = {"backend": self.forward.backend, "precision": self.forward.precision}
        return {**self.encoder.document_record(), **computed}

    def texts(self) -> Iterator[str]:
        """What is encoded of each document."""
        form = self.encoder.settings.document_form
        return (document_text(one.title or None, one.text, form) for one in self.source.documents())

    def vectors(
        self, needed: Callable[[int, int], bool] = lambda start, stop: True
    ) -> Iterator[tuple[int, np.ndarray]]:
        """Encode the windows for whose rows, from `start` on and before `stop`, `needed` says so.

        A window is encoded alike whichever others are: batches are made within it.

        Yields
        ------
        start : int
            The first row of a window.
        vectors : ndarray (n, d)
            Its embeddings.

        Raises
        ------
        InputError
            If a vector is not finite: its document is named.
        """
        total = len(self.docids)
        ends = {start: min(start + WINDOW, total) for start in range(0, total, WINDOW)}
        starts = [start for start, stop in ends.items() if needed(start, stop)]
        wanted = set(starts)
        texts = (text for row, text in enumerate(self.texts()) if row - row % WINDOW in wanted)
        total = sum(ends[start] - start for start in starts)
        for start, vectors in zip(starts, self._encoded(texts, total), strict=True):
            finite = np.isfinite(vectors).all(axis=1)
            if not finite.all():
                raise InputError(
                    f"{self.encoder.name}: the vector of document {self.docids[start + int(np.argmin(finite))]} is "
                    "not finite; give an encoder whose weights are sound"
                )
            yield start, vectors

    def _encoded(self, texts: Iterator[str], total: int) -> Iterator[np.ndarray]:
        """Embeddings (n, d) of so many texts, window by window, in their order."""
        return encode_stream(
            self.encoder,
            texts,
            "document",
            self.batch_size,
            progress=self.progress,
            total=total,
            backend=self.forward,
        )
