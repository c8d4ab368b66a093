"""Every measure that trec_eval and ir-measures share, on BM25's and the frozen encoder's runs of real collections."""

import pytest
from conftest import DATA
from test_trec_eval_agreement import SHARED, compared_to_four_decimals, trec_eval  # noqa: F401 (a fixture)

from pyserini_ltre.collection import read_qrels, read_run
from pyserini_ltre.reproduce.__main__ import main as reproduce

SYSTEMS = ("bm25", "frozen")


@pytest.fixture
def runs(collection, work):
    """The judgements of a collection, and the run files of the test queries."""
    data = [] if collection == "python-stdlib" else ["--data", str(DATA)]
    reproduce(["--condition", *SYSTEMS, "--collection", collection, "--output", str(work), *data])
    folder = work / collection
    made = sorted((folder / "runs").glob("*.test.txt"))
    assert len(made) >= len(SYSTEMS)
    return folder / "collection" / "qrels.test.txt", made


def test_every_shared_measure_agrees_to_four_decimals(runs, trec_eval):  # noqa: F811
    qrels_file, files = runs
    qrels = read_qrels(qrels_file)
    for file in files:
        # The number of queries is given for all of them together only.
        values = (len(SHARED) - 1) * len(read_run(file).keys() & qrels.keys()) + len(SHARED)
        assert compared_to_four_decimals(trec_eval, qrels_file, file) == values
