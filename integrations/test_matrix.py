"""The reproduction matrix, whole, on every collection that is there; minutes to an hour each.

``LTRE_MATRIX=FOLDER pytest integrations/test_matrix.py`` keeps what it makes in FOLDER and reuses what is there.
"""

from conftest import DATA

from pyserini_ltre.reproduce.__main__ import main as reproduce


def test_no_score_is_off(collection, work):
    data = [] if collection == "python-stdlib" else ["--data", str(DATA)]
    reproduce(["--all", "--collection", collection, "--output", str(work), *data])
