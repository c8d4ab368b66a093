"""Every measure that trec_eval and ir-measures share, on BM25's and the frozen encoder's runs of real collections."""

import pytest
from conftest import DATA
from test_trec_eval_agreement import SHARED, trec_eval  # noqa: F401 (a fixture)

from pyserini_ltre.collection import read_qrels
from pyserini_ltre.eval import evaluate, evaluate_per_query
from pyserini_ltre.reproduce.__main__ import main as reproduce
from pyserini_ltre.run import read_run

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
        expected, run = trec_eval(qrels_file, file), read_run(file)
        means = evaluate(run, qrels, SHARED.values())
        per_query = evaluate_per_query(run, qrels, SHARED.values())
        compared = 0
        for theirs, ours in SHARED.items():
            for qid, value in expected[theirs].items():
                found = means[ours] if qid == "all" else per_query[ours][qid]
                assert found == pytest.approx(float(value), abs=0.5001e-4), (file.name, theirs, qid)
                compared += 1
        # The number of queries is given for all of them together only.
        assert compared == (len(SHARED) - 1) * len(run.keys() & qrels.keys()) + len(SHARED)
