"""TREC run files: read, write, combine, check, convert, package."""

from pyserini_ltre.run.check import check_run
from pyserini_ltre.run.convert import convert
from pyserini_ltre.run.fuse import interpolate, reciprocal_rank, weighted_sum
from pyserini_ltre.run.msmarco import read_msmarco_run, write_msmarco_run
from pyserini_ltre.run.package import package
from pyserini_ltre.run.trec import read_run, write_run
from pyserini_ltre.run.tune import candidate_weights, tune_alpha, tune_weights

__all__ = [
    "candidate_weights",
    "check_run",
    "convert",
    "interpolate",
    "package",
    "read_msmarco_run",
    "read_run",
    "reciprocal_rank",
    "tune_alpha",
    "tune_weights",
    "weighted_sum",
    "write_msmarco_run",
    "write_run",
]
