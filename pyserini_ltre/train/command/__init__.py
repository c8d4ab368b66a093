"""The commands: ``python -m pyserini_ltre.train METHOD``."""
