"""The second embedding of a query: moved toward what a first search with it finds.

Whoever embeds queries, Pyserini's commands among them, searches once in between, and needs to be told nothing.
"""

from pyserini_ltre.encode.feedback.feedback import Feedback, moved, refuse_feedback
from pyserini_ltre.encode.feedback.weights import FeedbackWeights, fed_back

__all__ = ["Feedback", "FeedbackWeights", "fed_back", "moved", "refuse_feedback"]
