"""The published objectives, one a module.

They share a layout: ``scores`` (B, m) holds, for each query, its documents in retrieved order, then the relevant
documents that retrieval missed; ``relevant`` and ``valid`` (B, m) say which columns are judged relevant and which are
padding.
"""

from pyserini_ltre.train.losses.adore import adore_loss
from pyserini_ltre.train.losses.ltre import ltre_loss

__all__ = ["adore_loss", "ltre_loss"]
