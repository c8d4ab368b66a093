"""The command as a whole, with the commands that it runs replaced: their results are made here."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from pyserini_ltre.reproduce import matrix
from pyserini_ltre.reproduce.__main__ import main, weights_fingerprint
from pyserini_ltre.reproduce.collections import KNOWN
from pyserini_ltre.reproduce.conditions import CONDITIONS
from pyserini_ltre.run.__main__ import main as work_on_runs
from pyserini_ltre.workflow.commands import CommandFailed
from pyserini_ltre.workflow.export import main as export

REPOSITORY = Path(__file__).parents[2]
PROGRAM = """
import runpy
from pyserini_ltre.plugin import hook
hook.install()
runpy.run_module("pyserini.2cr.ltre", run_name="__main__")
"""


@pytest.fixture
def commands(monkeypatch):
    """Stand-ins: what was asked for is listed; dense searches find what is relevant, BM25 always the same.

    Exporting and combining are the real commands.
    """
    asked = []

    def stand_in(*words, log=None):
        module, *arguments = map(str, words)
        asked.append(module)
        output = Path(arguments[arguments.index("--output" if "--output" in arguments else "--index") + 1])
        if module.endswith("export"):
            export(arguments)
        elif module == "pyserini_ltre.run":
            work_on_runs(arguments)
        elif output.suffix == ".txt":
            qids = json.loads(Path(arguments[arguments.index("--topics") + 1]).read_text())
            found = {qid: f"d{qid[-1]}" if module == "pyserini.search.faiss" else "d9" for qid in qids}
            output.write_text("".join(f"{qid} Q0 {docid} 1 1.0 t\n" for qid, docid in found.items()))
        else:
            output.mkdir(parents=True)
        return ""

    monkeypatch.setattr(matrix, "run_command", stand_in)
    monkeypatch.setattr("pyserini_ltre.workflow.commands.check_installed", lambda: None)
    return asked


@pytest.fixture
def run(data, tmp_path, tiny_encoder, expected_file):
    def run(*arguments):
        common = ("--data", data, "--output", tmp_path / "work", "--encoder", tiny_encoder)
        main([*map(str, arguments), *map(str, common)])

    return run


def test_list_names_every_condition_and_collection(capsys):
    main(["--list"])
    printed = capsys.readouterr().out
    assert all(f"  {name} " in printed for name in (*CONDITIONS, *KNOWN))


def test_conditions_are_run_measured_and_kept(run, commands, tmp_path, capsys):
    run("--condition", "bm25", "--condition", "frozen+bm25", "--collection", "scifact")
    results = json.loads((tmp_path / "work" / "scifact" / "results.json").read_text())
    # One of ten queries has d9 as its only relevant document.
    assert results["conditions"]["bm25"]["measures"] == pytest.approx(
        {"nDCG@10": 0.1, "RR@10": 0.1, "R@100": 0.1}
    )
    hybrid = results["conditions"]["frozen+bm25"]
    assert hybrid["measures"]["nDCG@10"] == 1.0
    # The most even weights that put the relevant document first: of two equal scores, evaluation takes d9 before.
    assert hybrid["weights"] == "bm25 0.45 frozen 0.55"
    last = results["conditions"]["bm25"]["commands"][-1]["command"]
    assert last.startswith("python -m pyserini.search.lucene --bm25 --index ")
    assert "no expected score for this version of the collection" in capsys.readouterr().out


def test_a_second_run_reuses_everything(run, commands):
    run("--condition", "frozen", "--collection", "scifact")
    before = list(commands)
    run("--condition", "frozen", "--collection", "scifact")
    assert commands == before


def test_a_score_that_is_off_ends_with_status_1(run, commands, expected_file, capsys):
    run("--condition", "bm25", "--collection", "scifact", "--record")
    assert "pass  scifact" in capsys.readouterr().out
    expected_file.write_text(expected_file.read_text().replace('"nDCG@10": 0.1', '"nDCG@10": 0.2'))
    with pytest.raises(SystemExit) as stopped:
        run("--condition", "bm25", "--collection", "scifact")
    assert stopped.value.code == 1
    assert "FAIL  scifact" in capsys.readouterr().out


def test_a_command_that_fails_ends_its_conditions_and_the_status_is_1(run, commands, monkeypatch, capsys):
    stand_in = matrix.run_command

    def fails(*words, log=None):
        if words[0] == "pyserini_ltre.encode":
            commands.append(words[0])
            raise CommandFailed("it ended with status 3", 3)
        return stand_in(*words, log=log)

    monkeypatch.setattr(matrix, "run_command", fails)
    with pytest.raises(SystemExit) as stopped:
        run("--condition", "frozen", "adapter", "bm25", "--collection", "scifact")
    assert stopped.value.code == 1
    printed = capsys.readouterr()
    assert "status 3" in printed.err and printed.out.count("a command ended with an error") == 2
    assert "bm25                   nDCG@10 0.1000" in printed.out
    assert commands.count("pyserini_ltre.encode") == 1


def test_transfer_is_said_on_every_line(run, commands, capsys):
    run("--condition", "bm25", "adapter", "frozen+bm25", "--collection", "cacm")
    lines = [line for line in capsys.readouterr().out.splitlines() if "no expected score" in line][:3]
    assert ["cacm from scifact" in line for line in lines] == [False, True, True]


def test_collections_add_up(run, commands, capsys):
    run("--condition", "bm25", "--collection", "scifact", "--collection", "cacm")
    lines = [line.split()[0] for line in capsys.readouterr().out.splitlines() if "no expected score" in line]
    assert lines[-2:] == ["scifact", "cacm"]


def test_ms_marco_runs_where_its_files_are(run, commands, data, capsys):
    folder = data / "msmarco-passage"
    folder.mkdir()
    (folder / "collection.tsv").write_text("".join(f"d{i}\ttext {i}\n" for i in range(10)))
    for split in ("train", "dev", "dev.small"):
        (folder / f"queries.{split}.tsv").write_text("".join(f"test{i}\tquery {i}\n" for i in range(10)))
        (folder / f"qrels.{split}.tsv").write_text("".join(f"test{i} 0 d{i} 1\n" for i in range(10)))
    run("--condition", "bm25", "--collection", "msmarco-passage")
    assert "msmarco-passage        bm25                   RR@10 0.1000" in capsys.readouterr().out


def test_another_collection_in_the_same_folder_is_refused(run, commands, data, capsys):
    run("--condition", "bm25", "--collection", "scifact")
    corpus = data / "scifact" / "corpus.jsonl"
    corpus.write_text(corpus.read_text().replace("text 1", "changed"))
    with pytest.raises(SystemExit) as stopped:
        run("--condition", "bm25", "--collection", "scifact")
    assert stopped.value.code == 2
    assert "another fingerprint; add --overwrite" in capsys.readouterr().err
    run("--condition", "bm25", "--collection", "scifact", "--overwrite")


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["--condition", "bm26"], "--condition bm26: there are: bm25, frozen, "),
        (["--condition", "bm25", "--collection", "scifact"], "needs --data"),
        (["--report", "page", "--output", "nowhere"], "nowhere: no results to report"),
        (["--condition", "bm25", "--data", "nowhere"], "--data nowhere: no such folder"),
    ],
)
def test_bad_input_is_one_line(arguments, message, capsys):
    with pytest.raises(SystemExit) as stopped:
        main(arguments)
    assert stopped.value.code == 2
    error = capsys.readouterr().err
    assert message in error and error.count("\n") == 1


def test_a_folder_that_is_no_encoder(run, commands, tmp_path, capsys):
    with pytest.raises(SystemExit) as stopped:
        main(["--condition", "bm25", "--encoder", str(tmp_path), "--output", str(tmp_path / "work")])
    assert stopped.value.code == 2 and capsys.readouterr().err.count("\n") == 1


def test_encoders_are_told_apart_by_their_weights(tiny_encoder, tmp_path):
    (tmp_path / "model.safetensors").write_bytes(b"other")
    assert weights_fingerprint(tmp_path) != weights_fingerprint(tiny_encoder)


@pytest.mark.parametrize("disabled", ["0", "1"])
def test_pyserini_finds_it_unless_the_plugin_is_disabled(disabled):
    environment = {**os.environ, "PYTHONPATH": str(REPOSITORY), "PYSERINI_LTRE_DISABLE": disabled}
    done = subprocess.run(
        [sys.executable, "-c", PROGRAM, "--list"],
        env=environment,
        capture_output=True,
        text=True,
    )
    if disabled == "0":
        assert done.returncode == 0 and "conditions:" in done.stdout
    else:
        assert "No module named pyserini.2cr.ltre" in done.stderr
