"""A collection encoded on the processors of a Ray cluster, window by window; what is written is written here.

The unit is the window, whose texts are sorted and batched together: so the vectors do not depend on how many workers
there are. Ray Data, which cuts what it reads into blocks as memory allows and hands them on in any order, would have to
be told both, and would bring a data plane of its own for what is a queue.
"""

from collections.abc import Iterator
from itertools import islice

import numpy as np
from tqdm import tqdm

from pyserini_ltre.encode import batching
from pyserini_ltre.encode.document_stream import DocumentStream
from pyserini_ltre.encode.workers import Workers


class RemoteStream(DocumentStream):
    """The documents of a collection, encoded by a worker for each processor of the cluster that this is connected to.

    Parameters
    ----------
    source, docids, encoder, forward, batch_size, progress
        As for `DocumentStream`.
    """

    def _encoded(self, texts: Iterator[str], total: int) -> Iterator[np.ndarray]:
        # Read from its module each time: the window of the other streams.
        windows = iter(lambda: list(islice(texts, batching.WINDOW)), [])
        with tqdm(
            total=total, unit=" document", desc="encoding document texts", disable=not self.progress
        ) as bar:
            workers = Workers(self)
            try:
                yield from workers.encoded(windows, bar)
            finally:
                workers.close()
