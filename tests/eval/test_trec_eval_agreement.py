"""Every measure that trec_eval and ir-measures share, against the trec_eval that Pyserini carries."""

import importlib.util
import platform
import random
import subprocess
import zipfile
from pathlib import Path

import pytest

from pyserini_ltre.collection import read_qrels, read_run
from pyserini_ltre.eval import evaluate, evaluate_per_query

CUTOFFS = (5, 10, 15, 20, 30, 100, 200, 500, 1000)
SHARED = {
    "map": "AP",
    "Rprec": "Rprec",
    "recip_rank": "RR",
    "bpref": "Bpref",
    "ndcg": "nDCG",
    "infAP": "infAP",
    "num_q": "NumQ",
    "num_ret": "NumRet",
    "num_rel": "NumRel",
    "num_rel_ret": "NumRet(rel=1)",
    "set_P": "SetP",
    "set_relative_P": "SetP(relative=True)",
    "set_recall": "SetR",
    "set_F": "SetF",
    "set_map": "SetAP",
    **{f"P_{cutoff}": f"P@{cutoff}" for cutoff in CUTOFFS},
    **{f"recall_{cutoff}": f"R@{cutoff}" for cutoff in CUTOFFS},
    **{f"ndcg_cut_{cutoff}": f"nDCG@{cutoff}" for cutoff in CUTOFFS},
    **{f"map_cut_{cutoff}": f"AP@{cutoff}" for cutoff in CUTOFFS},
    **{f"success_{cutoff}": f"Success@{cutoff}" for cutoff in (1, 5, 10)},
    **{f"iprec_at_recall_{tenth / 10:.2f}": f"IPrec@{tenth / 10}" for tenth in range(11)},
}


@pytest.fixture(scope="module")
def trec_eval(tmp_path_factory):
    """Take the program for this machine out of Pyserini's jar, and return what runs it."""
    (package,) = importlib.util.find_spec("pyserini").submodule_search_locations
    (jar,) = Path(package, "resources", "jars").glob("anserini-*-fatjar.jar")
    system = {"Linux": "linux", "Darwin": "macosx"}[platform.system()]
    machine = {"x86_64": "amd64" if system == "linux" else "x86_64", "arm64": "aarch64"}[platform.machine()]
    program = tmp_path_factory.mktemp("trec_eval") / "trec_eval"
    with zipfile.ZipFile(jar) as archive:
        program.write_bytes(archive.read(f"trec_eval/trec_eval-{system}-{machine}"))
    program.chmod(0o755)

    def run(qrels, run):
        command = [program, "-q", "-c", "-m", "all_trec", qrels, run]
        printed = subprocess.run(command, capture_output=True, text=True, check=True).stdout
        values = {}
        for measure, qid, value in (line.split("\t") for line in printed.splitlines()):
            values.setdefault(measure.strip(), {})[qid] = value
        return values

    return run


@pytest.fixture
def files(tmp_path):
    """Judgements graded and negative, ties, equal only in single precision, queries on one side only."""
    draw = random.Random(3)
    qrels, run = tmp_path / "qrels.txt", tmp_path / "run.txt"
    with open(qrels, "w") as file:
        for qid in range(40):
            for docid in draw.sample(range(60), 25):
                file.write(f"{qid} 0 d{docid} {draw.choice((-2, -1, 0, 0, 1, 2, 3))}\n")
        file.write("nothing-relevant 0 d1 0\nonly-negative 0 d1 -1\n")
    with open(run, "w") as file:
        for qid in [*range(5, 45), "nothing-relevant", "only-negative"]:
            for docid in draw.sample(range(80), 40):
                score = draw.choice(("1", "2.0", "3.5", "3.50000001", "1e-3", "-4e9", str(draw.random())))
                file.write(f"{qid} Q0 d{docid} 0 {score} t\n")
    return qrels, run


def compared_to_four_decimals(trec_eval, qrels_file, run_file):
    """Compare every value that both give, and return how many there were."""
    expected, run, qrels = trec_eval(qrels_file, run_file), read_run(run_file), read_qrels(qrels_file)
    means = evaluate(run, qrels, SHARED.values())
    per_query = evaluate_per_query(run, qrels, SHARED.values())
    compared = 0
    for theirs, ours in SHARED.items():
        for qid, value in expected[theirs].items():
            found = means[ours] if qid == "all" else per_query[ours][qid]
            assert found == pytest.approx(float(value), abs=0.5001e-4), (str(run_file), theirs, qid)
            compared += 1
    return compared


def test_every_shared_measure_agrees_to_four_decimals(trec_eval, files):
    assert compared_to_four_decimals(trec_eval, *files) > 2000
