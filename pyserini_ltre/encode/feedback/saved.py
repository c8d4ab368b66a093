"""Feedback as an encoder's directory holds it: read, and its index found and checked."""

from dataclasses import fields
from pathlib import Path
from typing import Any

from pyserini_ltre.encode.feedback.feedback import PASSAGES, Feedback
from pyserini_ltre.encode.feedback.passages import Passages
from pyserini_ltre.encode.feedback.reading import Reading
from pyserini_ltre.encode.feedback.weights import FeedbackWeights
from pyserini_ltre.encode.model import BiEncoder
from pyserini_ltre.errors import InputError
from pyserini_ltre.index import IndexDirectory, open_directory
from pyserini_ltre.index.check import check_dimension
from pyserini_ltre.json_files import check_shape

SHAPE = {
    "depth": int,
    "share": float,
    "sharpness": float,
    "read?": int,
    "reading_share?": float,
    "index": {"path": str, "fingerprint": str, "documents": int, "dimension": int},
}
REMEDY = "learn the feedback anew (python -m pyserini_ltre.train feedback)"


def read_feedback(record: Any, file: Path, encoder: BiEncoder) -> Feedback:
    """Open what a saved encoder says of its feedback.

    Parameters
    ----------
    record : dict
        What stands under ``feedback`` in the file.
    file : Path
        The encoder's ``pyserini_ltre.json``; what else there is lies beside it.
    encoder : BiEncoder
        Without the feedback.

    Raises
    ------
    InputError
        If it is damaged or not complete, or its index is not there any more, has been changed since, or has other
        dimensions.
    """
    check_shape({"feedback": record}, {"feedback": SHAPE}, file, REMEDY)
    names = {field.name for field in fields(FeedbackWeights)}
    weights = FeedbackWeights(**{name: record[name] for name in names & record.keys()})
    if not weights.possible:
        raise InputError(f"{file}: feedback of {weights}; {REMEDY}")
    directory = _open_index(record["index"], file, encoder.dimension)
    reading = None
    if weights.read:
        passages = Passages.read(file.parent / PASSAGES, len(directory.docids), REMEDY)
        reading = Reading.of(encoder, passages)
    return Feedback(directory, weights, reading=reading)


def _open_index(known: dict[str, Any], file: Path, dimension: int) -> IndexDirectory:
    """The index of the first search, which must be what it was."""
    path = Path(known["path"])
    if not path.is_dir():
        raise InputError(
            f"{file}: its feedback searches the index {path}, which is not there; put it there again, or correct "
            '"path" under "feedback" in that file'
        )
    directory = open_directory(path)
    check_dimension(directory, dimension, str(file.parent))
    there = len(directory.docids)
    if there != known["documents"]:
        raise InputError(
            f"{file}: its feedback was learned on {known['documents']} documents, but the index {path} has {there}; "
            f"{REMEDY}"
        )
    if directory.fingerprint != known["fingerprint"]:
        raise InputError(f"{file}: the index {path} has changed since its feedback was learned; {REMEDY}")
    return directory
