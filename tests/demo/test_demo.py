"""The demo's parts; the demo as a whole runs in `.ci/run`."""

import json

import pytest
from matplotlib.image import imread

from pyserini_ltre.collection import PythonStdlib, write_beir, write_run
from pyserini_ltre.demo.__main__ import main
from pyserini_ltre.demo.report import write_report
from pyserini_ltre.demo.stages import SYSTEMS, export_collection
from pyserini_ltre.errors import InputError
from pyserini_ltre.workflow.folder import WorkFolder

SETTINGS = {"collection": "sample", "Python": "3.11"}


@pytest.fixture(scope="module")
def sample():
    return PythonStdlib(limit=200)


def test_a_folder_with_something_else_is_refused_and_kept(tmp_path, capsys, monkeypatch):
    # The tests are installed without the demo's encoder.
    monkeypatch.setattr("pyserini_ltre.demo.__main__.packaged_encoder", lambda: tmp_path / "encoder")
    (tmp_path / "mine.txt").write_text("mine")
    with pytest.raises(SystemExit) as stopped:
        main(["--limit", "50", "--output", str(tmp_path)])
    assert stopped.value.code == 2
    error = capsys.readouterr().err
    assert "is not empty" in error and error.count("\n") == 1
    assert [path.name for path in tmp_path.iterdir()] == ["mine.txt"]


def test_the_export_has_what_pyserini_and_trec_eval_read(tmp_path, monkeypatch, sample):
    monkeypatch.setenv("PYSERINI_LTRE_HOME", str(tmp_path / "home"))
    folder = WorkFolder(tmp_path / "demo", SETTINGS)
    export_collection(folder, sample, "sample")
    names = {path.name for path in folder.path.iterdir()}
    assert {"collection", "corpus", "qrels.test.txt", "topics.test.tsv"} <= names
    assert len((folder.path / "topics.test.tsv").read_text().splitlines()) == len(sample.queries("test"))
    registered = json.loads((tmp_path / "home" / "registry.json").read_text())
    assert set(registered["topics"]) == {"sample-train", "sample-dev", "sample-test"}


def test_the_report_measures_the_runs(tmp_path, sample, figures):
    folder = WorkFolder(tmp_path / "demo", SETTINGS)
    qrels = sample.qrels("test")
    perfect = {qid: dict.fromkeys(judged, 2.0) | {"other": 1.0} for qid, judged in qrels.items()}
    poor = {qid: dict.fromkeys(judged, 1.0) | {"other": 2.0} for qid, judged in qrels.items()}
    (folder.path / "runs").mkdir()
    for system in SYSTEMS:
        write_run(folder.path / "runs" / f"{system}.txt", poor if system == "frozen" else perfect, system)
    text = write_report(folder, sample, 0.01, {"frozen": 0.5, "trained": 1.0})
    results = json.loads((folder.path / "results.json").read_text())
    assert results["measures"]["trained"]["nDCG@10"] == pytest.approx(1.0)
    assert results["measures"]["frozen"]["RR@10"] == pytest.approx(0.5, abs=0.02)
    assert results["trained against frozen"]["wins"] == len(qrels)
    (axes,) = figures[0].axes
    drawn = {bars.get_label(): [bar.get_height() for bar in bars] for bars in axes.containers}
    assert drawn == {system: list(measures.values()) for system, measures in results["measures"].items()}
    assert [label.get_text() for label in axes.get_xticklabels()] == ["nDCG@10", "RR@10", "R@100"]
    width, height = figures[0].get_size_inches() * 150
    assert imread(folder.path / "results.png").shape[:2] == (int(height), int(width))
    assert "| trained" in text and "*" in text


def test_beir_export_refuses_a_filled_folder(tmp_path):
    (tmp_path / "file").touch()
    with pytest.raises(InputError):
        write_beir(tmp_path, [], {}, {})
