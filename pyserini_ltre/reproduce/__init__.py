"""The reproduction matrix: ``python -m pyserini.2cr.ltre``, or ``python -m pyserini_ltre.reproduce``."""
