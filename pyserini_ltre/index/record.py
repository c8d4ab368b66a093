"""What made the vectors of an index: ``encoder.json``."""

from dataclasses import asdict, dataclass, fields
from pathlib import Path
from typing import Any

from pyserini_ltre.errors import InputError
from pyserini_ltre.json_files import check_shape


@dataclass(frozen=True)
class EncoderRecord:
    """What made the vectors of an index: ``encoder.json``.

    The `name` is a path or hub name, `prefix` stood before each document, and `max_length` is the tokens after which
    it was cut; `dimension` is the size of the vectors, `documents` their number, and `docid_sha256` is the SHA-256 of
    the ``docid`` file, in hexadecimal. Where it is known: the `family` is what Pyserini calls encoders that behave so,
    `backend` and `precision` are what computed the vectors, and in which arithmetic.
    """

    name: str
    pooling: str
    normalise: bool
    prefix: str
    max_length: int
    dimension: int
    documents: int
    docid_sha256: str
    family: str | None = None
    backend: str | None = None
    precision: str | None = None

    def content(self) -> dict[str, Any]:
        """What the file says: what is not known is not in it."""
        return {name: value for name, value in asdict(self).items() if value is not None}


def read_record(content: dict[str, Any], file: Path | str, remedy: str) -> EncoderRecord:
    """Take what a file says of the encoder; an `InputError` that ends with the remedy says if it is no such record."""
    needed = {field.name: field.type for field in fields(EncoderRecord) if field.default is not None}
    optional = {f"{field.name}?": str for field in fields(EncoderRecord) if field.default is None}
    check_shape(content, {**needed, **optional}, file, remedy)
    try:
        return EncoderRecord(**content)
    except TypeError as error:
        raise InputError(f"{file}: not what this version writes ({error}); {remedy}") from None
