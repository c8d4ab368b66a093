"""The published objectives, one a module.

Those of the query side share a layout: ``scores`` (B, m) holds, for each query, its documents in retrieved
order, then the relevant documents that retrieval missed; ``relevant`` (B, m) says which columns are judged
relevant, as bools or as grades above 0; ``valid`` (B, m) is False on padding. STAR's
compares the embeddings of a batch of pairs.
"""

from pyserini_ltre.train.losses.adore import GAINS, adore_loss
from pyserini_ltre.train.losses.ltre import ltre_loss
from pyserini_ltre.train.losses.softmax import softmax_loss
from pyserini_ltre.train.losses.star import star_loss

__all__ = ["GAINS", "adore_loss", "ltre_loss", "softmax_loss", "star_loss"]
