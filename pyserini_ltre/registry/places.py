"""The folders of this user, the registry's own and Pyserini's cache; and the package's own data."""

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


def resources() -> Path:
    """Tell the folder of the data that come with the package."""
    package = Path(__file__).parents[1]
    # Installed, `resources` is a folder of the package; in a checkout (or editable install) beside it.
    folder = package / "resources"
    return folder if folder.is_dir() else package.parent / "resources"
