"""The scores of one query brought to a scale that runs can share."""

from typing import Literal, get_args

import numpy as np

Normalisation = Literal["none", "min-max", "z-score"]
NORMALISATIONS: tuple[str, ...] = get_args(Normalisation)


def normalised(scores: np.ndarray, how: Normalisation) -> np.ndarray:
    """Normalise the finite scores (n,) that one run gives to the hits of one query.

    ``none``: as they are; ``min-max``: from 0 (lowest) to 1 (highest), all 1 if they are equal, as ``pyserini.fusion``
    does it; ``z-score``: in standard deviations from their mean, all 0 if they are equal.
    """
    if how == "none" or not len(scores):
        return scores
    if scores.min() == scores.max():
        return np.ones_like(scores) if how == "min-max" else np.zeros_like(scores)
    if how == "min-max":
        return (scores - scores.min()) / (scores.max() - scores.min())
    return (scores - scores.mean()) / scores.std()
