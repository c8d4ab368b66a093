"""Dense search in Pyserini's commands, faster and with the same hits, when the query encoder is ours.

With default flags, a command asks for one query after the other. All of them are known by then, so they are
encoded ahead, while FAISS searches. FAISS itself is asked as before, a query at a time: other ways of asking
change the last digits of some indexes' scores.
"""

import functools
import gc
import inspect
import sys
from collections.abc import Iterator
from contextlib import ExitStack
from types import ModuleType
from typing import Any

import numpy as np

from pyserini_ltre.plugin.command import is_pyserini_command
from pyserini_ltre.plugin.command_variables import queries_in_order
from pyserini_ltre.plugin.encoders import is_ours
from pyserini_ltre.plugin.hits import Hits
from pyserini_ltre.registry import is_encoder_name

# Queries that are tokenised together and whose embeddings are kept at a time.
AHEAD = 1024
SEARCH = ["self", "query", "k", "threads", "remove_dups", "return_vector"]
BATCH_SEARCH = ["self", "queries", "q_ids", "k", "threads", "return_vector"]


def faster_with_ours(module: ModuleType) -> Iterator[None]:
    """Give `FaissSearcher` the fast way, and start a command that names one of our encoders sooner."""
    # Imports make hundreds of thousands of objects that stay: looking for garbage among them is in vain.
    named = any(is_encoder_name(argument.removeprefix("--encoder=")) for argument in sys.argv)
    pause = named and is_pyserini_command() and gc.isenabled()
    if pause:
        gc.disable()
    try:
        yield
    finally:
        if pause:
            gc.enable()
    searcher_class = module.FaissSearcher
    search, batch_search = searcher_class.search, searcher_class.batch_search
    for function, known in ((search, SEARCH), (batch_search, BATCH_SEARCH)):
        if list(inspect.signature(function).parameters) != known:
            raise TypeError(f"FaissSearcher.{function.__name__} takes other arguments than it used to")

    @functools.wraps(search)
    def search_ahead(self: Any, query: Any, k: int = 10, threads: int = 1, *args: Any, **kwargs: Any) -> Any:
        if args or kwargs or not isinstance(query, str) or not _fast(self):
            return search(self, query, k, threads, *args, **kwargs)
        vector = upcoming(self).vector(query)
        return _search(self, module.DenseSearchResult, vector[None], k, threads)[0]

    @functools.wraps(batch_search)
    def search_batch(
        self: Any, queries: Any, q_ids: list[str], k: int = 10, threads: int = 1, *args: Any, **kwargs: Any
    ) -> Any:
        texts = isinstance(queries, list) and all(isinstance(query, str) for query in queries)
        if args or kwargs or not texts or not _fast(self):
            return batch_search(self, queries, q_ids, k, threads, *args, **kwargs)
        vectors = self.query_encoder.encode_batch(queries)
        hits = _search(self, module.DenseSearchResult, vectors, k, threads)
        return dict(zip(q_ids, hits, strict=False))

    searcher_class.search, searcher_class.batch_search = search_ahead, search_batch


def faster_run_files(module: ModuleType) -> Iterator[None]:
    """Have `TrecWriter` write the hits of the fast way a topic at a time."""
    yield
    writer_class = module.TrecWriter
    write = writer_class.write
    if not {"use_max_passage", "max_hits", "tag"} <= inspect.signature(writer_class).parameters.keys():
        raise TypeError("TrecWriter takes other arguments than it used to")

    @functools.wraps(write)
    def write_topic(self: Any, topic: str, hits: Any) -> None:
        if isinstance(hits, Hits) and not self.use_max_passage:
            # Pyserini's own loop writes the first hit before it looks at the limit.
            self._file.write(hits.trec_lines(topic, self.tag, max(1, self.max_hits)))
        else:
            write(self, topic, hits)

    writer_class.write = write_topic


class Upcoming:
    """Embeddings of the queries that a command is going to search, in its order.

    Parameters
    ----------
    encoder : LtreQueryEncoder
        One of our query encoders.
    queries : list of str
        The command's queries.
    """

    def __init__(self, encoder: Any, queries: list[str]) -> None:
        self.encoder = encoder
        self.queries = queries
        self.place = 0
        self.ahead: Any = None
        self.open = ExitStack()

    def vector(self, query: str) -> np.ndarray:
        """Embedding of a query, (d,) float32; encoded now if it is not the next one."""
        if self.place == len(self.queries) or query != self.queries[self.place]:
            return self.encoder.encode(query)
        offset = self.place % AHEAD
        if offset == 0:
            window = self.queries[self.place : self.place + AHEAD]
            self.ahead = self.open.enter_context(self.encoder.encode_ahead(window))
        vector = self.ahead[offset]
        self.place += 1
        if self.place % AHEAD == 0 or self.place == len(self.queries):
            self.open.close()
        return vector


def upcoming(searcher: Any) -> Upcoming:
    """Find what is upcoming for a searcher; nothing in other commands, or where not all queries are plain text."""
    if "_upcoming" not in vars(searcher):
        searcher._upcoming = Upcoming(searcher.query_encoder, queries_in_order())
    return searcher._upcoming


def _search(searcher: Any, make: Any, vectors: np.ndarray, k: int, threads: int) -> list[Hits]:
    import faiss

    faiss.omp_set_num_threads(threads)
    scores, rows = searcher.index.search(vectors, k)
    if searcher.normalize_distances:
        scores = searcher._normalize_to_unit_interval(scores)
    return [Hits(make, searcher.docids, *of_query) for of_query in zip(rows, scores, strict=True)]


def _fast(searcher: Any) -> bool:
    # Programs get Pyserini's lists, which they may sort or add to.
    return is_pyserini_command() and is_ours(searcher.query_encoder)
