"""Runs and judgements -> measures, significance, tables and pictures (`pyserini_ltre.eval.pictures`)."""

from pyserini_ltre.eval.comparison import MeasuredRun, compare_groups, measure_run
from pyserini_ltre.eval.groups import query_groups
from pyserini_ltre.eval.measures import DEFAULT_MEASURES, evaluate, evaluate_per_query, unjudged
from pyserini_ltre.eval.report import Report, compare_runs
from pyserini_ltre.eval.significance import (
    PairedComparison,
    confidence_interval,
    holm,
    paired_t_test,
    randomisation_tests,
)
from pyserini_ltre.eval.table import markdown_table

__all__ = [
    "DEFAULT_MEASURES",
    "MeasuredRun",
    "PairedComparison",
    "Report",
    "compare_groups",
    "compare_runs",
    "confidence_interval",
    "evaluate",
    "evaluate_per_query",
    "holm",
    "markdown_table",
    "measure_run",
    "paired_t_test",
    "query_groups",
    "randomisation_tests",
    "unjudged",
]
