"""The published objectives, one a module.

They share a layout: ``scores`` (B, m) holds, for each query, its documents in retrieved order, then the
relevant documents that retrieval missed; ``relevant`` (B, m) says which columns are judged relevant, as bools or
as grades above 0; ``valid`` (B, m) is False on padding.
"""

from pyserini_ltre.train.losses.adore import GAINS, adore_loss
from pyserini_ltre.train.losses.ltre import ltre_loss
from pyserini_ltre.train.losses.softmax import softmax_loss

__all__ = ["GAINS", "adore_loss", "ltre_loss", "softmax_loss"]
