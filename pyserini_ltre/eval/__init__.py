"""Runs and judgements -> measures, significance, tables and pictures (`pyserini_ltre.eval.pictures`)."""

from pyserini_ltre.eval.measures import DEFAULT_MEASURES, evaluate, evaluate_per_query
from pyserini_ltre.eval.significance import PairedComparison, paired_t_test
from pyserini_ltre.eval.table import markdown_table

__all__ = [
    "DEFAULT_MEASURES",
    "PairedComparison",
    "evaluate",
    "evaluate_per_query",
    "markdown_table",
    "paired_t_test",
]
