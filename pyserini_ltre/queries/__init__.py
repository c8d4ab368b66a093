"""Queries for training where nobody has judged: made from the documents, each with its source recorded."""

from pyserini_ltre.queries.make import MadeQueries, QueryMaking, make_queries

__all__ = ["MadeQueries", "QueryMaking", "make_queries"]
