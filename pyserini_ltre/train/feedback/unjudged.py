"""Feedback where there are no judgements to choose a setting on: one that did well wherever it was tried."""

import os

from pyserini_ltre.encode.feedback import Feedback, FeedbackWeights
from pyserini_ltre.encode.feedback.passages import Passages
from pyserini_ltre.encode.feedback.reading import Reading
from pyserini_ltre.encode.model import BiEncoder
from pyserini_ltre.files import atomic_directory
from pyserini_ltre.index import IndexDirectory
from pyserini_ltre.train.loop.result import versions

# Of the grid, what gained on the training queries of three collections alike (docs/feedback.md). Vectors have no share:
# how much they may have is what differs from one collection to another.
SETTING = FeedbackWeights(0, 0.0, 0.0, read=3, reading_share=0.35)


def save_with_reading(
    encoder: BiEncoder,
    index: IndexDirectory,
    passages: Passages,
    directory: str | os.PathLike[str],
    overwrite: bool = False,
    **description: object,
) -> None:
    """Give an encoder feedback from texts, with `SETTING`, and save it, whole or not at all.

    Parameters
    ----------
    encoder : BiEncoder
        Without feedback.
    index : IndexDirectory
        Of the first search.
    passages : Passages
        Its texts, in tokens of the encoder.
    directory, overwrite
        Where the encoder is to stand, and whether something may be replaced.
    **description
        Further fields of ``pyserini_ltre.json``.

    Raises
    ------
    InputError
        If the encoder cannot read, or the index has fewer documents than are read.
    """
    encoder.give_feedback(Feedback(index, SETTING, reading=Reading.of(encoder, passages)))
    with atomic_directory(directory, overwrite) as partial:
        encoder.save(
            partial,
            method="feedback",
            base_encoder=encoder.name,
            index={"path": str(index.path), "fingerprint": index.fingerprint},
            versions=versions(),
            **description,
        )
