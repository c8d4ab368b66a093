"""`python -m pyserini_ltre.run fuse`: options, what is printed, and the same bytes every time."""

import json
import os
import random
import subprocess
import sys

import pytest

from pyserini_ltre.collection import read_run, write_qrels, write_run
from pyserini_ltre.run.__main__ import main


@pytest.fixture
def folder(tmp_path, monkeypatch):
    """Runs `dense` and `sparse`, their dev runs, and judgements that the sparse run satisfies better."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("PYSERINI_LTRE_HOME", str(tmp_path / "home"))
    chance = random.Random(1)
    for name in ("dense", "sparse", "dev.dense", "dev.sparse"):
        run = {
            qid: {docid: round(chance.random(), 1) for docid in chance.sample(["NA", "0007", *"abcdefgh"], 7)}
            for qid in (("0001", "1", "NA") if "dev" not in name else ("d1", "d2", "d3", "d4"))
        }
        write_run(tmp_path / name, run, name)
    sparse = read_run("dev.sparse")
    write_qrels("qrels", {qid: {max(hits, key=hits.get): 1} for qid, hits in sparse.items()})
    return tmp_path


def test_ids_stay_text_and_ranks_begin_at_1(folder, capsys):
    main(["fuse", "--runs", "dense", "sparse", "--output", "fused", "--tag", "mine", "--hits", "5"])
    lines = [line.split() for line in (folder / "fused").read_text().splitlines()]
    assert [line[0] for line in lines] == ["0001"] * 5 + ["1"] * 5 + ["NA"] * 5
    assert [int(line[3]) for line in lines] == [1, 2, 3, 4, 5] * 3
    assert {line[5] for line in lines} == {"mine"}
    assert {"NA", "0007"} <= {line[2] for line in lines}
    assert capsys.readouterr().out == "1 / (60 + rank) -> fused: 3 queries, 15 hits\n"
    main(["check", "fused"])


def test_twenty_runs_under_other_hash_seeds_and_orders_give_the_same_bytes(folder):
    write_run("third", {"1": {"a": 0.3, "b": 0.3, "NA": 0.3, "0007": 0.1}}, "third")
    methods = (
        ["--method", "rrf"],
        ["--method", "sum", "--normalise", "z-score", "--weights", "dense=0.3", "third=0.7"],
        ["--method", "sum", "--normalise", "min-max"],
        ["--method", "sum", "--tune", "--qrels", "qrels", "--measure", "RR@10"],
    )
    seen = {}
    for turn in range(20):
        names = ["dense", "sparse", "third"]
        random.Random(turn).shuffle(names)
        method = methods[turn % 4]
        if "--tune" in method:
            names.remove("third")
            method = [*method, "--dev-runs", *(f"dev.{name}" for name in names)]
        arguments = ["fuse", "--runs", *names, "--output", "fused", "--overwrite", *method]
        done = subprocess.run(
            [sys.executable, "-m", "pyserini_ltre.run", *arguments],
            env={**os.environ, "PYTHONHASHSEED": str(turn)},
            capture_output=True,
            text=True,
            check=True,
        )
        seen.setdefault(turn % 4, set()).add(((folder / "fused").read_bytes(), done.stdout))
    assert [len(results) for results in seen.values()] == [1, 1, 1, 1]


def test_interpolation_takes_the_weight_of_one_file(folder, capsys):
    options = ["fuse", "--runs", "sparse", "dense", "--method", "interpolation", "--output"]
    main([*options, "one", "--weights", "dense=0.3"])
    main([*options, "both", "--weights", "sparse=0.7", "dense=0.3"])
    main([*options, "even"])
    assert (folder / "one").read_bytes() == (folder / "both").read_bytes() != (folder / "even").read_bytes()
    dense, sparse = read_run("dense"), read_run("sparse")
    for docid, score in read_run("one")["0001"].items():
        expected = 0.3 * dense["0001"].get(docid, 0.0) + 0.7 * sparse["0001"].get(docid, 0.0)
        assert score == pytest.approx(expected)
    assert "dense=0.3 sparse=0.7 -> one: 3 queries" in capsys.readouterr().out


def test_tune_prints_every_weight_and_uses_the_best(folder, capsys):
    options = ["fuse", "--runs", "dense", "sparse", "--method", "interpolation", "--normalise", "min-max"]
    dev = ["--dev-runs", "dev.dense", "dev.sparse", "--qrels", "qrels", "--measure", "RR@10"]
    main([*options, "--output", "tuned", "--tune", *dev])
    out = capsys.readouterr().out.splitlines()
    assert out[0] == "weights by RR@10 on 4 dev queries (qrels):"
    assert len(out) == 2 + 21 + 1 and sum("<- best" in line for line in out) == 1
    best = next(line for line in out if "<- best" in line).split()
    assert float(best[2]) == max(float(line.split()[2]) for line in out[2:-1])
    main([*options, "--output", "by-hand", "--weights", f"dense={best[0]}"])
    assert (folder / "tuned").read_bytes() == (folder / "by-hand").read_bytes()


def test_weights_are_written_by_file(folder, capsys):
    options = ["fuse", "--runs", "sparse", "./dense", "--output", "fused", "--weights-output", "weights.json"]
    main([*options, "--method", "interpolation", "--weights", "dense=0.3"])
    assert json.loads((folder / "weights.json").read_text()) == {"./dense": 0.3, "sparse": 0.7}
    dev = ["--dev-runs", "dev.sparse", "dev.dense", "--qrels", "qrels", "--measure", "RR@10"]
    main([*options, "--method", "interpolation", "--tune", *dev, "--overwrite"])
    dense, sparse = next(line for line in capsys.readouterr().out.splitlines() if "<- best" in line).split()[
        :2
    ]
    assert json.loads((folder / "weights.json").read_text()) == {
        "./dense": float(dense),
        "sparse": float(sparse),
    }


def test_tuning_on_the_queries_of_the_runs_is_told(folder, capsys):
    dev = ["--dev-runs", "dev.dense", "dev.sparse", "--qrels", "qrels"]
    main(["fuse", "--runs", "dev.dense", "dev.sparse", "--method", "sum", "--output", "x", "--tune", *dev])
    assert "note: 4 of the dev queries are in the runs that are combined" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["--runs", "dense"], "name two run files or more"),
        (["--runs", "dense", "./dense"], "named twice"),
        (["--method", "rrf", "--weights", "dense=1"], "goes by ranks"),
        (["--weights-output", "weights.json"], "goes by ranks"),
        (
            ["--method", "sum", "--weights", "other=1"],
            "write FILE=WEIGHT with one of the files dense, sparse",
        ),
        (["--method", "sum", "--weights", "dense=much"], "'much' is no number"),
        (["--method", "sum", "--weights", "dense=nan"], "give a finite number"),
        (["--method", "sum", "--weights", "dense=1", "dense=2"], "has two weights"),
        (["--method", "interpolation", "--weights", "dense=1.5"], "weights of 0 to 1"),
        (["--method", "interpolation", "--weights", "dense=0.5", "sparse=0.6"], "add up to 1"),
        (["--method", "interpolation", "--runs", "dense", "sparse", "third"], "takes two runs, not 3"),
        (["--method", "sum", "--tune"], "needs --qrels and --dev-runs"),
        (["--method", "sum", "--tune", "--qrels", "qrels", "--dev-runs", "dev.dense"], "1 files for 2 runs"),
        (["--method", "sum", "--qrels", "qrels"], "are for --tune"),
        (
            ["--method", "sum", "--tune", "--qrels", "qrels", "--dev-runs", "dense", "sparse"],
            "qrels: judges none of the queries in --dev-runs",
        ),
        (["--hits", "0"], "--hits 0: give 1 or more"),
        (["--tag", "my tag"], "tag 'my tag': use letters"),
        (["--runs", "dense", "nowhere"], "nowhere: cannot be read"),
        (["--runs", "dense", "empty"], "empty: the file is empty"),
    ],
)
def test_bad_options_are_one_line_and_nothing_is_written(folder, capsys, arguments, message):
    (folder / "empty").touch()
    with pytest.raises(SystemExit) as end:
        main(["fuse", "--runs", "dense", "sparse", "--output", "fused", *arguments])
    error = capsys.readouterr().err
    assert end.value.code == 2 and message in error and error.count("\n") == 1
    assert not (folder / "fused").exists()
