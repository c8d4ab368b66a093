"""TREC run files: read, write, combine."""

from pyserini_ltre.run.fuse import interpolate, tune_alpha
from pyserini_ltre.run.trec import read_run, write_run

__all__ = ["interpolate", "read_run", "tune_alpha", "write_run"]
