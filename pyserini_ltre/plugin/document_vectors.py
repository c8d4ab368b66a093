"""`pyserini.encode ... --to-faiss` with one of our encoders: the dimension is checked first."""

import functools
from collections.abc import Iterator
from types import ModuleType
from typing import Any

from pyserini_ltre.errors import InputError
from pyserini_ltre.plugin.command import one_line_in_commands
from pyserini_ltre.plugin.command_variables import document_encoder
from pyserini_ltre.plugin.encoders import is_ours


def checked_dimension(module: ModuleType) -> Iterator[None]:
    """Have `FaissRepresentationWriter` compare its dimension with the encoder of `python -m pyserini.encode`.

    Pyserini takes 768 unless `--dimension` says otherwise, and finds out after it has written docids.
    """
    yield
    writer_class = module.FaissRepresentationWriter
    init = writer_class.__init__

    @functools.wraps(init)
    def checked_init(self: Any, dir_path: str, dimension: int = 768) -> None:
        encoder = document_encoder()
        if is_ours(encoder) and encoder.dimension != dimension:
            with one_line_in_commands():
                raise InputError(
                    f"the index would get {dimension} dimensions, the encoder makes {encoder.dimension}; "
                    f"add `dimension` {encoder.dimension} to the encoder's arguments"
                )
        init(self, dir_path, dimension)

    writer_class.__init__ = checked_init
