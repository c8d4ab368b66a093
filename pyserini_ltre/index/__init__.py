"""Vectors to neighbours: Pyserini's index directory, exact search in torch, any FAISS index, and Lucene's.

Examples
--------
>>> index = open_index("indexes/python-stdlib")  # doctest: +SKIP
>>> scores, rows = index.search(query_embeddings, k=200)  # doctest: +SKIP
>>> document_vectors = index.vectors(rows)  # doctest: +SKIP
"""

from pyserini_ltre.index.directory import IndexDirectory
from pyserini_ltre.index.opening import open_directory, open_index
from pyserini_ltre.index.seam import DenseIndex

__all__ = ["DenseIndex", "IndexDirectory", "open_directory", "open_index"]
