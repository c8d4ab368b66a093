"""How an encoder is measured while it is trained: by full retrieval, or in a sample of documents that change too."""

from pyserini_ltre.train.development.dev_queries import MEASURE, MEASURES, DevQueries, Measures, means

__all__ = ["MEASURE", "MEASURES", "DevQueries", "Measures", "means"]
