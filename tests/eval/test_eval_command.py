import csv
import gzip
import json
import subprocess
import sys

import pytest
from matplotlib.container import BarContainer
from matplotlib.image import imread

from pyserini_ltre.collection import write_qrels, write_run, write_topics
from pyserini_ltre.eval.__main__ import main, read_speeds, run_names
from pyserini_ltre.eval.groups import ALL, NEAR, OTHERS, SHARED

QRELS = {f"q{number}": {f"d{number}": 1} for number in range(20)}


@pytest.fixture
def folder(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    write_qrels("qrels.txt", QRELS)
    for name, rank in {"base": 2, "good": 1, "a_b": 3}.items():
        run = {
            qid: {(f"d{qid[1:]}" if place == rank else f"x{place}"): -float(place) for place in range(1, 5)}
            for qid in QRELS
        }
        run["q0"] = {"d0": 1.0}
        write_run(f"{name}.txt", run, name)
    write_qrels("train.qrels", {"t": {"d1": 1, "d2": 1}})
    write_topics("queries.tsv", {qid: f"query about topic {qid}" for qid in QRELS})
    write_topics("train.tsv", {"t": "a query about topic q5"})
    return tmp_path


RUNS = ("--qrels", "qrels.txt", "--runs", "base.txt", "good.txt", "a_b.txt")
TRAINING = ("--train-qrels", "train.qrels", "--train-queries", "train.tsv", "--queries", "queries.tsv")


def lines(capsys):
    return [line.split() for line in capsys.readouterr().out.splitlines()]


@pytest.mark.usefixtures("folder")
def test_a_table_without_a_baseline(capsys):
    main(list(RUNS))
    assert lines(capsys) == [
        ["All", "queries:", "20"],
        [],
        ["run", "nDCG@10", "RR@10", "R@100", "R@1000", "AP", "unjudged@10", "no", "hits"],
        ["----", "-------", "------", "------", "------", "------", "-----------", "-------"],
        ["base", "0.6494", "0.5250", "1.0000", "1.0000", "0.5250", "2.9", "0"],
        ["good", "1.0000", "1.0000", "1.0000", "1.0000", "1.0000", "2.9", "0"],
        ["a_b", "0.5250", "0.3667", "1.0000", "1.0000", "0.3667", "2.9", "0"],
    ]


@pytest.mark.usefixtures("folder")
def test_a_baseline_brings_tests_and_marks(capsys):
    main([*RUNS, "--baseline", "base", "--measures", "RR@10"])
    output = lines(capsys)
    assert ["good", "1.0000*", "2.9", "0"] in output
    assert ["good", "RR@10", "+0.4750", "19", "1", "0", "<0.0001", "<0.0001", "<0.0001", "0.0002"] in output
    assert ["a_b", "RR@10", "-0.1583", "0", "1", "19", "<0.0001", "<0.0001", "<0.0001", "0.0002"] in output


@pytest.mark.usefixtures("folder")
def test_results_are_divided_by_overlap_with_training(capsys):
    main([*RUNS, *TRAINING, "--format", "json", "--measures", "RR@10", "--baseline", "base.txt"])
    report = json.loads(capsys.readouterr().out)
    assert {group["name"]: group["queries"] for group in report["groups"]} == {
        ALL: 20,
        SHARED: 2,
        NEAR: 1,
        OTHERS: 17,
    }
    assert report["baseline"] == "base"
    score = report["groups"][0]["runs"]["good"]["measures"]["RR@10"]
    assert score["value"] == 1.0
    assert score["difference"]["paired"]["wins"] == 19


@pytest.mark.usefixtures("folder")
def test_csv_markdown_and_latex(capsys):
    arguments = [*RUNS, "--measures", "RR@10", "NumRet", "--baseline", "base.txt", "--format"]
    main([*arguments, "csv"])
    rows = list(csv.DictReader(capsys.readouterr().out.splitlines()))
    assert [(row["run"], row["measure"]) for row in rows[:2]] == [("base", "RR@10"), ("base", "NumRet")]
    assert rows[0]["wins"] == rows[0]["t_test_p_holm"] == rows[1]["low"] == ""
    assert (float(rows[2]["value"]), rows[2]["wins"], rows[3]["value"]) == (1.0, "19", "77.0")
    main([*arguments, "markdown"])
    output = capsys.readouterr().out
    assert output.startswith(
        "## All queries: 20\n\n| run  |   RR@10 | NumRet | unjudged@10 | no hits |\n| ---- |"
    )
    assert "\n\\* differs from base: " in output
    main([*arguments, "latex"])
    output = capsys.readouterr().out
    assert r"    a\_b & 0.3667\textsuperscript{*} & 77 & 2.9 & 0 \\" in output
    assert output.count(r"\begin{tabular}{lrrrr}") == 1
    assert output.count(r"\begin{table}") == output.count(r"\end{table}") == 2


@pytest.mark.usefixtures("folder")
def test_files_and_pictures(folder, capsys, figures):
    main(
        [
            *RUNS,
            *TRAINING,
            "--baseline",
            "base.txt",
            "--output",
            "report/table.txt",
            "--per-query",
            "each.csv",
            *("--pictures", "pictures", "--speed", "base=100", "good=20.5"),
        ]
    )
    assert capsys.readouterr().out == ""
    assert (folder / "report" / "table.txt").read_text().startswith("All queries: 20\n")
    rows = list(csv.DictReader((folder / "each.csv").read_text().splitlines()))
    assert len(rows) == 60
    assert {row["query"] for row in rows if row["group"] == SHARED} == {"q1", "q2"}
    good = next(row for row in rows if row["query"] == "q5" and row["run"] == "good")
    assert (good["group"], good["RR@10"], good["unjudged@10"]) == (NEAR, "1.0", "3")
    names = {path.name for path in (folder / "pictures").iterdir()}
    assert names == {"measures.png", "gains.png", "trade-off.png"}
    for name in names:
        assert imread(folder / "pictures" / name)[..., :3].std() > 0.05
    measures, gains, trade_off = figures
    bars_of = {
        bars.get_label(): bars for bars in measures.axes[0].containers if isinstance(bars, BarContainer)
    }
    heights = {run: bars[1].get_height() for run, bars in bars_of.items()}
    assert heights == pytest.approx({"base": 0.525, "good": 1.0, "a_b": 0.3667}, abs=1e-4)
    assert [axes.get_title(loc="left") for axes in gains.axes] == [
        "good: 19 better, 1 equal, 0 worse; mean +0.3506",
        "a_b: 0 better, 1 equal, 19 worse; mean -0.1244",
    ]
    marks = {tuple(mark.get_xydata()[0].round(4)) for mark, _, _ in trade_off.axes[0].containers}
    assert marks == {(100.0, 0.6494), (20.5, 1.0)}


@pytest.mark.usefixtures("folder")
def test_gzipped_runs_and_judgements(folder, capsys):
    for name in ("qrels.txt", "base.txt"):
        (folder / f"{name}.gz").write_bytes(gzip.compress((folder / name).read_bytes()))
    main(["--qrels", "qrels.txt.gz", "--runs", "base.txt.gz", "--measures", "RR@10"])
    assert ["base", "0.5250", "2.9", "0"] in lines(capsys)


def test_runs_are_named_after_their_files():
    assert run_names(["x/a.txt", "x/b.txt.gz"], None) == ({"a": "x/a.txt", "b": "x/b.txt.gz"}, None)
    assert run_names(["x/a.txt", "y/a.txt", "b"], "y/a.txt") == (
        {"x/a.txt": "x/a.txt", "y/a.txt": "y/a.txt", "b": "b"},
        "y/a.txt",
    )
    assert run_names(["./b.txt"], "b.txt") == ({"b": "b.txt"}, "b")
    assert run_names(["b.txt"], "a.txt") == ({"a": "a.txt", "b": "b.txt"}, "a")
    assert run_names(["x/a.txt", "b.txt"], "a") == ({"a": "x/a.txt", "b": "b.txt"}, "a")


def test_speeds_are_numbers_above_zero():
    assert read_speeds(["a=1.5", "b=c=20"], ["a", "b=c"]) == {"a": 1.5, "b=c": 20.0}


@pytest.mark.usefixtures("folder")
@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["--runs", "empty.txt"], "empty.txt: the file is empty"),
        (["--runs", "nowhere.txt"], "nowhere.txt: cannot be read"),
        (
            ["--runs", "other.txt"],
            "other.txt: none of its 1 queries (zz ...) is judged in qrels.txt (q0 ...); ",
        ),
        (["--runs", "cut.txt.gz"], "the gzip file is cut off"),
        (["--runs", "base.txt", "--qrels", "half.qrels"], "half.qrels:1: grade '0.5' is no integer"),
        (["--runs", "base.txt", "--measures", "nDGC@10"], "measure 'nDGC@10' is unknown"),
        (["--runs", "base.txt", "./base.txt"], "base.txt is there twice"),
        (["--runs", "base.txt", "--speed", "bass=3"], "'bass' is no run; name one of base"),
        (["--runs", "base.txt", "--speed", "base=fast"], "'fast' is no number of queries a second"),
        (["--runs", "base.txt", "--speed", "base=0"], "'0' is no number of queries a second"),
        (["--runs", "base.txt", "--train-queries", "train.tsv"], "--train-queries needs --queries"),
        (
            ["--runs", "base.txt", "--queries", "queries.tsv"],
            "--queries is only compared with --train-queries",
        ),
    ],
)
def test_bad_input_is_one_line(folder, capsys, arguments, message):
    (folder / "empty.txt").touch()
    (folder / "half.qrels").write_text("q0 0 d0 0.5\n")
    write_run(folder / "other.txt", {"zz": {"d": 1.0}}, "t")
    (folder / "cut.txt.gz").write_bytes(gzip.compress((folder / "base.txt").read_bytes())[:-20])
    with pytest.raises(SystemExit) as stopped:
        main(["--qrels", "qrels.txt", "--output", "report.txt", *arguments])
    assert stopped.value.code == 2
    error = capsys.readouterr().err
    assert error.count("\n") == 1
    assert message in error
    assert not (folder / "report.txt").exists()


def test_help_needs_no_heavy_library():
    program = (
        "import sys\ntry: from pyserini_ltre.eval.__main__ import main; main(['--help'])\n"
        "except SystemExit: print({'torch', 'pandas', 'ir_measures', 'matplotlib'} & set(sys.modules))"
    )
    output = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, check=True
    ).stdout
    assert "--train-qrels" in output
    assert output.splitlines()[-1] == "set()"
