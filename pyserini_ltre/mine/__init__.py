"""Hard negatives: what a system ranks high for the training queries and nobody judged relevant."""

from pyserini_ltre.mine.mining import Mined, mine_negatives, negatives_of_run

__all__ = ["Mined", "mine_negatives", "negatives_of_run"]
