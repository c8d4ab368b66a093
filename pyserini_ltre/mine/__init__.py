"""Hard negatives: what a system ranks high for the training queries and nobody judged relevant."""

from pyserini_ltre.mine.mining import Mined, from_index, from_run

__all__ = ["Mined", "from_index", "from_run"]
