"""Where names live: which directory or file stands behind an encoder, an index, topics or qrels.

The registry is the packaged `resources/` with the user's own `registry.json` on top of it. Both hold, under
`encoders`, `indexes`, `topics` and `qrels`, an object for each name with a "path", or a "url" with "md5" and
"size" (the packaged encoders have neither until somebody trains one).
"""

from pyserini_ltre.home import home
from pyserini_ltre.registry.encoder_names import (
    METHODS,
    PairedIndex,
    encoder_directory,
    find_encoder,
    is_encoder_name,
    paired_index,
)
from pyserini_ltre.registry.entries import load, lookup, register, remove
from pyserini_ltre.registry.registry_file import SECTIONS
from pyserini_ltre.registry.resolve import find, find_index, path_of

__all__ = [
    "METHODS",
    "PairedIndex",
    "SECTIONS",
    "encoder_directory",
    "find",
    "find_encoder",
    "find_index",
    "home",
    "is_encoder_name",
    "load",
    "lookup",
    "paired_index",
    "path_of",
    "register",
    "remove",
]
