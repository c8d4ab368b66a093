"""Where the slow checks find the real collections, and where they leave what they made."""

import os
import sys
from pathlib import Path

import pytest

REPOSITORY = Path(__file__).parents[1]
DATA = REPOSITORY.parent / "shared" / "data"
COLLECTIONS = ("nfcorpus", "scifact", "cacm", "cranfield", "python-stdlib")

# The quick tests have the measures that trec_eval shares, and the program; the checks here use them on real runs.
sys.path.append(str(REPOSITORY / "tests" / "eval"))


@pytest.fixture(scope="session")
def work(tmp_path_factory):
    """Work folder of the matrix: ``$LTRE_MATRIX``, which is kept and reused, or a temporary one."""
    kept = os.environ.get("LTRE_MATRIX")
    return Path(kept) if kept else tmp_path_factory.mktemp("matrix")


@pytest.fixture(params=COLLECTIONS)
def collection(request):
    """The name of each collection; skips those that are not on this machine."""
    if request.param != "python-stdlib" and not (DATA / request.param).is_dir():
        pytest.skip(f"{DATA / request.param} is not on this machine")
    return request.param
