"""Learn feedback: how far to move a query toward what a first search finds, chosen by the measure it is for.

A few numbers are learned, so a grid of them is tried on judged queries, each by a full second search. There are no
gradients: those of our losses lead the wrong way (docs/feedback.md).
"""

from pyserini_ltre.train.feedback.grid import FeedbackGrid
from pyserini_ltre.train.feedback.result import FeedbackResult
from pyserini_ltre.train.feedback.trainer import FeedbackTrainer

__all__ = ["FeedbackGrid", "FeedbackResult", "FeedbackTrainer"]
