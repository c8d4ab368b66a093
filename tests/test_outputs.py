"""What a command may write to: never over what it reads, and nothing that is there without being asked."""

import os
import stat
import threading

import pytest

from pyserini_ltre.collection import Document, write_beir, write_run
from pyserini_ltre.encode.__main__ import main as encode
from pyserini_ltre.errors import InputError
from pyserini_ltre.eval.__main__ import main as evaluate
from pyserini_ltre.files import atomic_file
from pyserini_ltre.outputs import check_outputs
from pyserini_ltre.run.__main__ import main as work_on_runs


@pytest.fixture
def runs(tmp_path):
    """Two runs, and judgements of their query."""
    for name, docid in (("a", "d1"), ("b", "d2")):
        write_run(tmp_path / name, {"q": {docid: 1.0}}, name)
    (tmp_path / "qrels").write_text("q 0 d1 1\n")
    return tmp_path


@pytest.mark.parametrize(
    ("command", "words"),
    [
        (evaluate, "--qrels qrels --runs a --output qrels"),
        (evaluate, "--qrels qrels --runs a b --per-query b"),
        (evaluate, "--qrels qrels --runs a --output new --per-query new"),
        (work_on_runs, "fuse --runs a b --output a"),
        (work_on_runs, "fuse --runs a b --output hard-link-to-a"),
        (work_on_runs, "fuse --runs a b --output link-to-b"),
        (work_on_runs, "convert b --output b"),
        (work_on_runs, "package a --output ."),
    ],
)
def test_nothing_that_is_read_is_written_over(runs, monkeypatch, refused, command, words):
    monkeypatch.chdir(runs)
    os.link("a", "hard-link-to-a")
    os.symlink("b", "link-to-b")
    before = {path.name: path.read_bytes() for path in runs.iterdir()}
    refused(command, *words.split(), "--overwrite")
    assert {path.name: path.read_bytes() for path in runs.iterdir()} == before


def test_a_collection_is_not_replaced_by_its_index(tmp_path, monkeypatch, refused):
    monkeypatch.chdir(tmp_path)
    write_beir(tmp_path / "all" / "collection", [Document("d", "", "text")], {}, {})
    for output in ("all/collection", "all", "all/collection/index"):
        given = f"--collection all/collection --encoder nowhere --output {output} --overwrite"
        assert "collection" in refused(encode, *given.split())
    assert (tmp_path / "all" / "collection" / "corpus.jsonl").is_file()


def test_what_is_there_is_replaced_only_if_asked(runs, monkeypatch, refused):
    monkeypatch.chdir(runs)
    (runs / "fused").write_text("mine")
    assert "--overwrite" in refused(work_on_runs, *"fuse --runs a b --output fused".split())
    assert (runs / "fused").read_text() == "mine"
    work_on_runs("fuse --runs a b --output fused --overwrite".split())
    assert len((runs / "fused").read_text().splitlines()) == 2


@pytest.mark.parametrize("output", ["", "dangling"])
def test_outputs_that_are_nowhere_are_refused(runs, monkeypatch, refused, output):
    monkeypatch.chdir(runs)
    os.symlink("nowhere", "dangling")
    refused(work_on_runs, "fuse", "--runs", "a", "b", "--output", output)
    assert not (runs / "nowhere").exists()


def test_through_a_link_what_it_points_to_is_written(tmp_path):
    (tmp_path / "real").write_text("old")
    (tmp_path / "link").symlink_to("real")
    with atomic_file(tmp_path / "link") as file:
        file.write("new")
    assert (tmp_path / "link").is_symlink() and (tmp_path / "real").read_text() == "new"


def test_a_pipe_and_a_device_are_written_to(runs, monkeypatch):
    monkeypatch.chdir(runs)
    os.mkfifo("pipe")
    received: list[str] = []
    reader = threading.Thread(target=lambda: received.append((runs / "pipe").read_text()))
    reader.start()
    work_on_runs("fuse --runs a b --output pipe".split())
    reader.join(timeout=10)
    assert len(received[0].splitlines()) == 2
    assert stat.S_ISFIFO(os.stat("pipe").st_mode)
    work_on_runs("fuse --runs a b --output /dev/null".split())
    assert stat.S_ISCHR(os.stat("/dev/null").st_mode)


def test_a_word_is_no_file_though_one_is_called_like_it(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "adapter").mkdir()
    check_outputs({"trainable": "adapter", "index": "nowhere", "output": "adapter"}, overwrite=True)
    with pytest.raises(InputError, match="which is read"):
        check_outputs({"trainable": "adapter", "index": "adapter", "output": "adapter"}, overwrite=True)


def test_a_place_that_cannot_be_written_to_is_found_before_the_work(tmp_path, monkeypatch):
    (tmp_path / "closed").mkdir(mode=0o500)
    # Root, who may write everywhere, runs these tests, too.
    monkeypatch.setattr(os, "access", lambda path, mode: bool(os.stat(path).st_mode & 0o200))
    with pytest.raises(InputError, match="cannot be written to"):
        check_outputs({"output": tmp_path / "closed" / "new"})
