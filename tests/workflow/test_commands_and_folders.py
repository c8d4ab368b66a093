"""Commands that are printed, and folders that remember which stages are done."""

import json

import pytest

from pyserini_ltre.errors import InputError
from pyserini_ltre.workflow.commands import CommandFailed, command_line, run_command
from pyserini_ltre.workflow.folder import FILE, WorkFolder

SETTINGS = {"collection": "sample", "Python": "3.11"}


def test_a_command_is_printed_before_it_runs(tmp_path, capsys):
    log = tmp_path / "logs" / "log.txt"
    assert "usage" in run_command("json.tool", "--help", log=log)
    assert capsys.readouterr().out.strip() == "$ python -m json.tool --help"
    assert "usage" in log.read_text()


def test_a_command_that_fails_shows_its_last_lines(tmp_path):
    with pytest.raises(CommandFailed, match=r"(?s)No such file.*status \d.*log.txt"):
        run_command("json.tool", "missing file.json", log=tmp_path / "log.txt")


def test_a_stage_that_is_done_is_not_done_again(tmp_path):
    with WorkFolder(tmp_path / "demo", SETTINGS).stage("first") as to_do:
        assert to_do
    folder = WorkFolder(tmp_path / "demo", SETTINGS)
    with folder.stage("first") as to_do:
        assert not to_do
    assert list(folder.seconds) == ["first"]


def test_a_stage_that_fails_is_done_again(tmp_path):
    folder = WorkFolder(tmp_path / "demo", SETTINGS)
    with pytest.raises(RuntimeError), folder.stage("first"):
        raise RuntimeError
    with WorkFolder(tmp_path / "demo", SETTINGS).stage("first") as to_do:
        assert to_do


def test_a_folder_of_other_settings_is_refused_and_kept(tmp_path):
    WorkFolder(tmp_path / "demo", SETTINGS)
    with pytest.raises(InputError, match="another Python; add `overwrite`"):
        WorkFolder(tmp_path / "demo", SETTINGS | {"Python": "3.12"})
    assert json.loads((tmp_path / "demo" / FILE).read_text())["settings"] == SETTINGS


def test_a_command_is_written_as_it_is_typed(tmp_path):
    assert command_line("pyserini.fusion", "--runs", tmp_path / "a b") == (
        f"python -m pyserini.fusion --runs '{tmp_path}/a b'"
    )


def test_what_a_stage_that_was_cut_off_left_is_removed(tmp_path):
    folder = WorkFolder(tmp_path / "work", {"a": 1})
    with pytest.raises(KeyboardInterrupt), folder.stage("write", folder.path / "out", folder.path / "file"):
        (folder.path / "out").mkdir()
        (folder.path / "out" / "half").touch()
        (folder.path / "file").touch()
        raise KeyboardInterrupt
    again = WorkFolder(tmp_path / "work", {"a": 1})
    with again.stage("write", folder.path / "out", folder.path / "file") as to_do:
        assert to_do and [path.name for path in folder.path.iterdir()] == ["done.json"]
        (folder.path / "out").mkdir()
    with WorkFolder(tmp_path / "work", {"a": 1}).stage("write", folder.path / "out") as to_do:
        assert not to_do and (folder.path / "out").is_dir()
