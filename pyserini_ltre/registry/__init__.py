"""Where names live: which directory or file stands behind an encoder, an index, topics or qrels.

The registry is the packaged `resources/registry.json` with the user's own file on top of it. Both hold, under
`encoders`, `indexes`, `topics` and `qrels`, an object for each name with at least a "path" (the packaged
encoders have none until somebody trains one).
"""

from pyserini_ltre.registry.encoder_names import METHODS, encoder_directory, is_encoder_name
from pyserini_ltre.registry.entries import SECTIONS, home, load, lookup, path_of, register

__all__ = [
    "METHODS",
    "SECTIONS",
    "encoder_directory",
    "home",
    "is_encoder_name",
    "load",
    "lookup",
    "path_of",
    "register",
]
