"""The folders of this user: the registry's own, and Pyserini's cache."""

import os
from pathlib import Path


def home() -> Path:
    """Tell the folder of the user's own registry.

    Returns
    -------
    Path
        `$PYSERINI_LTRE_HOME`, or else the folder `pyserini_ltre` beside Pyserini's cache; it need not exist.
    """
    if own := os.environ.get("PYSERINI_LTRE_HOME"):
        return Path(own).expanduser().absolute()
    return pyserini_cache().parent / "pyserini_ltre"


def pyserini_cache() -> Path:
    """Tell the folder in which Pyserini keeps what it downloads; it need not exist."""
    return Path(os.environ.get("PYSERINI_CACHE") or "~/.cache/pyserini").expanduser().absolute()


def user_file() -> Path:
    """Tell the user's own registry file; it need not exist."""
    return home() / "registry.json"
