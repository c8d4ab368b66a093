"""The examples of the README, docs/star.md, docs/unjudged.md, docs/scale.md, docs/python.md and the
walkthrough, run as they stand there."""

import json
import os
import re
import subprocess
import sys
from pathlib import Path

import nbclient
import nbformat
import pytest

from pyserini_ltre.collection import (
    Document,
    write_beir,
    write_json_collection,
    write_qrels,
    write_run,
    write_topics,
)

ROOT = Path(__file__).parents[1]
TOPICS = ("open file", "sort list", "search index", "lock thread", "hash map", "parse date")


def blocks(page, language):
    return re.findall(rf"^```{language}\n(.*?)^```", (ROOT / page).read_text(encoding="utf-8"), re.M | re.S)


@pytest.fixture(scope="module")
def folder(tmp_path_factory, tiny_encoder):
    """What the examples name: a model, a collection, queries and judgements, a Lucene index."""
    path = tmp_path_factory.mktemp("examples")
    (path / "my-model").symlink_to(tiny_encoder)
    documents = [Document(f"d{i}", topic, f"{topic} {i} value") for i, topic in enumerate(TOPICS * 5)]
    queries = {f"q{i}": f"{TOPICS[i % 6]} name {i}" for i in range(60)}
    qrels = {f"q{i}": {f"d{j}": 1 for j in range(i % 6, 30, 6)} for i in range(60)}
    train = [f"q{i}" for i in range(45)]
    splits = {"train": train, "test": [qid for qid in queries if qid not in train]}
    for name, qids in splits.items():
        write_topics(path / f"{name}.tsv", {qid: queries[qid] for qid in qids})
        write_qrels(path / f"{name}.qrels", {qid: qrels[qid] for qid in qids})
    write_beir(
        path / "my-collection",
        documents,
        {split: {qid: queries[qid] for qid in qids} for split, qids in splits.items()},
        {split: {qid: qrels[qid] for qid in qids} for split, qids in splits.items()},
    )
    write_json_collection(documents, path / "corpus")
    command = "-m pyserini.index.lucene --collection JsonCollection --input corpus --index my-lucene-index"
    subprocess.run([sys.executable, *command.split()], cwd=path, check=True, capture_output=True)
    return path


def run(commands, count, folder, home):
    """Run a block of commands as it stands; return what it printed."""
    assert len(re.findall(r"^python -m ", commands, re.M)) == count
    python = Path(sys.executable).parent
    environment = {
        **os.environ,
        "PATH": f"{python}:{os.environ['PATH']}",
        "PYSERINI_LTRE_HOME": str(home),
    }
    done = subprocess.run(
        ["bash", "-euo", "pipefail", "-c", commands],
        cwd=folder,
        env=environment,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, (done.stdout + done.stderr)[-3000:]
    return done.stdout


def test_your_own_index_in_five_commands(folder, tmp_path):
    printed = run(blocks("README.md", "bash")[2], 5, folder, tmp_path)
    assert re.search(r"^ndcg_cut_10\s+all\s+[01]\.\d{4}$", printed, re.M)
    assert (folder / "my-encoder" / "pyserini_ltre.json").is_file()
    assert len((folder / "hybrid.txt").read_text().splitlines()) == 15 * 30


def test_training_without_judgements(folder, tmp_path):
    for name in ("my-model", "my-collection", "test.tsv"):
        (tmp_path / name).symlink_to(folder / name)
    encode = "-m pyserini_ltre.encode --collection my-collection --encoder my-model --output my-index"
    subprocess.run([sys.executable, *encode.split()], cwd=tmp_path, check=True, capture_output=True)
    printed = run(blocks("docs/unjudged.md", "bash")[0], 1, tmp_path, tmp_path / "home")
    assert "registered as ltre" in printed
    assert (tmp_path / "my-distilled" / "pyserini_ltre.json").is_file()


def test_the_whole_star_recipe(folder, tmp_path):
    printed = run(blocks("docs/star.md", "bash")[0], 6, folder, tmp_path)
    assert "negatives of 45 queries in negatives.txt" in printed
    assert "registered as adore" in printed
    assert (folder / "my-adore" / "pyserini_ltre.json").is_file()


def test_everything_from_python_in_fifteen_lines(folder, tmp_path, monkeypatch, capsys):
    """In a folder of its own: the commands of the README make an index of the same name."""
    for name in ("my-model", "my-collection"):
        (tmp_path / name).symlink_to(folder / name)
    write_run(tmp_path / "bm25.txt", {f"q{i}": {f"d{i % 30}": 1.0, "d3": 0.5} for i in range(60)}, "bm25")
    monkeypatch.chdir(tmp_path)
    (example,) = blocks("docs/python.md", "python")
    assert len([line for line in example.splitlines() if line]) <= 15
    exec(example, {})
    assert "fused" in capsys.readouterr().out
    encoder = json.loads(Path("my-encoder", "pyserini_ltre.json").read_text())
    assert encoder["index"]["path"] == str(tmp_path / "my-index")
    assert Path("my-encoder", "training.png").is_file()
    assert len(Path("my-encoder", "held_out_queries.txt").read_text().split()) == encoder["queries"]["dev"]
    assert json.loads(Path("my-star", "pyserini_ltre.json").read_text())["method"] == "star"


def test_the_walkthrough_runs_and_shows_what_it_printed():
    notebook = nbformat.read(ROOT / "docs" / "walkthrough.ipynb", as_version=4)
    code = [cell for cell in notebook.cells if cell.cell_type == "code"]
    assert all(cell.outputs for cell in code[1:])
    nbclient.NotebookClient(notebook, timeout=300, kernel_name="python3").execute()


def test_the_first_two_blocks_install_and_run():
    demo, tests = blocks("README.md", "bash")[:2]
    for block, module in ((demo, "pyserini_ltre.demo"), (tests, "pytest -n 2 --dist loadfile")):
        install, run = block.strip().splitlines()
        assert install.startswith("python3 -m venv .venv && .venv/bin/pip install -q -c constraints.txt")
        assert run == f".venv/bin/python -m {module}"


def named_paths():
    """Files and folders of the repository that CONTRIBUTING.md names, in backticks or as links."""
    text = re.sub(
        r"^```.*?^```", "", (ROOT / "CONTRIBUTING.md").read_text(encoding="utf-8"), flags=re.M | re.S
    )
    words = {word for code in re.findall(r"`([^`]+)`", text) for word in code.split()}
    # A file at the root is known by its suffix; the environments are nobody's, and ../shared is not everywhere.
    paths = {word for word in words if re.fullmatch(r"[\w.][\w./-]*(/[\w.-]*|\.(py|txt|toml|cfg|md))", word)}
    paths -= {word for word in paths if word.startswith((".venv", ".."))} | {"__init__.py", "base.py"}
    return sorted(paths | set(re.findall(r"\]\(([\w./-]+)\)", text)))


@pytest.mark.parametrize("path", named_paths())
def test_what_contributing_names_exists(path):
    found = ROOT / path
    assert found.is_dir() if path.endswith("/") else found.is_file()


def test_contributing_is_read_for_paths():
    assert {"ruff.toml", ".ci/run", "docs/code.md", "tests/golden/", "pyserini_ltre/errors.py"} <= {
        *named_paths()
    }


def test_the_commands_on_ray(folder, tmp_path):
    for name in ("my-model", "my-collection", "train.tsv", "train.qrels"):
        (tmp_path / name).symlink_to(folder / name)
    (commands,) = (block for block in blocks("docs/scale.md", "bash") if "--ray" in block)
    printed = run(commands, 3, tmp_path, tmp_path / "home")
    assert "30 documents x 32 in sharded" in printed
    assert "negatives of 45 queries in negatives.txt" in printed
    assert (tmp_path / "trained" / "pyserini_ltre.json").is_file()
