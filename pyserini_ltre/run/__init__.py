"""What can be done with run files: combine, check, convert, package."""

from pyserini_ltre.run.check import check_run
from pyserini_ltre.run.fuse import fuse_runs, interpolate, reciprocal_rank, weighted_sum
from pyserini_ltre.run.rewrite import convert, package
from pyserini_ltre.run.tune import candidate_weights, tune_alpha, tune_weights

__all__ = [
    "candidate_weights",
    "check_run",
    "convert",
    "fuse_runs",
    "interpolate",
    "package",
    "reciprocal_rank",
    "tune_alpha",
    "tune_weights",
    "weighted_sum",
]
