"""The main job end to end on the embedded collection: ``python -m pyserini_ltre.demo``."""
