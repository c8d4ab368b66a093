"""What answers queries: encoders over the index, BM25, run files; each loaded when it is needed, one by one."""

from concurrent.futures import ThreadPoolExecutor
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol

from pyserini_ltre.collection import Queries, Run, best_first, read_run
from pyserini_ltre.registry import find_encoder

if TYPE_CHECKING:
    from pyserini_ltre.encode.model import BiEncoder
    from pyserini_ltre.index import DenseIndex, IndexDirectory


class System(Protocol):
    """What answers queries."""

    name: str
    title: str

    @property
    def warning(self) -> str | None:
        """What the user should know of its answers; known when it is loaded."""

    def load(self) -> None:
        """Make ready to search; an `InputError` says why it cannot."""

    def search(self, queries: Queries, hits: int) -> Run:
        """Answer queries."""


class OpenedIndex:
    """The index that all encoders search, opened at the first use.

    Parameters
    ----------
    path : Path
        Index directory.
    """

    def __init__(self, path: Path) -> None:
        self.path = path

    # torch, FAISS and transformers take seconds to import: only what loads in the background does it.
    @cached_property
    def directory(self) -> "IndexDirectory":
        """The directory, checked."""
        from pyserini_ltre.index import open_directory

        return open_directory(self.path)

    @cached_property
    def searchable(self) -> "DenseIndex":
        """The index behind the retrieval seam."""
        return self.directory.open()


class Dense:
    """An encoder over the index.

    Parameters
    ----------
    name, title : str
        What addresses and people call it.
    index : OpenedIndex
        What it searches.
    source : str
        Where the encoder lies: a model directory, hub name, or one of our names.
    encoder : BiEncoder, optional
        The encoder, where it is loaded already.
    """

    def __init__(
        self, name: str, title: str, index: OpenedIndex, source: str, encoder: "BiEncoder | None" = None
    ) -> None:
        self.name, self.title, self.index, self.source = name, title, index, source
        self.encoder = encoder
        self.warning: str | None = None

    def load(self) -> None:
        """Load encoder and index, and compare them."""
        from pyserini_ltre.encode.encoder_options import QueryEncoderOptions
        from pyserini_ltre.encode.pairing import another_index
        from pyserini_ltre.index.check import check_dimension

        directory = self.index.directory
        if self.encoder is None:
            self.encoder = QueryEncoderOptions(encoder=self.source).load()
        check_dimension(directory, self.encoder.dimension, self.encoder.name)
        self.warning = another_index(directory, Path(find_encoder(self.source)))
        # What is slow the first time is not the user's query.
        self.search({"": "ready"}, 1)

    def search(self, queries: Queries, hits: int) -> Run:
        """Embed the queries, and search the index."""
        import torch

        from pyserini_ltre.encode.batching import check_finite, encode_texts
        from pyserini_ltre.index.seam import retrieve

        assert self.encoder is not None, "it is loaded before it is asked"
        vectors = encode_texts(self.encoder, list(queries.values()), "query", backend="auto")
        embeddings = torch.from_numpy(check_finite(vectors, self.encoder))
        return retrieve(self.index.searchable, self.index.directory.docids, list(queries), embeddings, hits)


class Bm25:
    """BM25 over a Lucene index, by Pyserini.

    Parameters
    ----------
    lucene : Path
        The index.
    """

    name = title = "BM25"
    warning = None

    def __init__(self, lucene: Path) -> None:
        self.lucene = lucene
        # Java knows one thread of ours, and only that.
        self._thread = ThreadPoolExecutor(1, "java")
        self._searcher: Any = None

    def load(self) -> None:
        """Start Java, and open the index."""
        self._thread.submit(self._open).result()
        self.search({"": "ready"}, 1)

    def _open(self) -> None:
        from pyserini.search.lucene import LuceneSearcher

        self._searcher = LuceneSearcher(str(self.lucene))

    def search(self, queries: Queries, hits: int) -> Run:
        """Search with each query."""
        return self._thread.submit(self._search, queries, hits).result()

    def _search(self, queries: Queries, hits: int) -> Run:
        return {
            qid: {hit.docid: float(hit.score) for hit in self._searcher.search(text, hits)}
            for qid, text in queries.items()
        }


class RunFile:
    """A run file: the hits of its topics, and of nothing else.

    Parameters
    ----------
    name, title : str
        What addresses and people call it.
    file : Path
        In TREC's format.
    """

    warning = None

    def __init__(self, name: str, title: str, file: Path) -> None:
        self.name, self.title, self.file = name, title, file
        self.run: Run = {}

    def load(self) -> None:
        """Read it."""
        self.run = read_run(self.file)

    def search(self, queries: Queries, hits: int) -> Run:
        """Give the best hits of the topics that it has."""
        known = {qid: self.run[qid] for qid in queries if qid in self.run}
        return {qid: {docid: of[docid] for docid in best_first(of)[:hits]} for qid, of in known.items()}
