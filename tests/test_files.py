"""Output appears whole or not at all."""

import pytest

from pyserini_ltre.errors import InputError, exit_on_input_error
from pyserini_ltre.files import atomic_directory, atomic_file, check_output_directory


def test_a_directory_appears_when_the_block_ends(tmp_path):
    with atomic_directory(tmp_path / "a" / "b") as directory:
        (directory / "file").write_text("x")
        assert not (tmp_path / "a" / "b").exists()
    assert (tmp_path / "a" / "b" / "file").read_text() == "x"
    assert [path.name for path in (tmp_path / "a").iterdir()] == ["b"]


def test_an_error_leaves_the_old_directory_and_no_traces(tmp_path):
    old = tmp_path / "out"
    old.mkdir()
    (old / "file").write_text("old")
    with pytest.raises(RuntimeError), atomic_directory(old, overwrite=True) as directory:
        (directory / "file").write_text("new")
        raise RuntimeError
    assert (old / "file").read_text() == "old"
    assert [path.name for path in tmp_path.iterdir()] == ["out"]


def test_overwrite_replaces_the_atomic_directory(tmp_path):
    old = tmp_path / "out"
    old.mkdir()
    (old / "gone").touch()
    with atomic_directory(old, overwrite=True) as directory:
        (directory / "new").touch()
    assert [path.name for path in old.iterdir()] == ["new"]


@pytest.mark.parametrize("overwrite", [False, True])
def test_files_and_the_current_directory_are_never_replaced(tmp_path, monkeypatch, overwrite):
    (tmp_path / "file").touch()
    monkeypatch.chdir(tmp_path)
    with pytest.raises(InputError, match="is a file"):
        check_output_directory(tmp_path / "file", overwrite)
    with pytest.raises(InputError):
        check_output_directory(tmp_path, overwrite)


def test_a_file_appears_when_the_block_ends(tmp_path):
    with pytest.raises(RuntimeError), atomic_file(tmp_path / "file") as file:
        file.write("half")
        raise RuntimeError
    assert list(tmp_path.iterdir()) == []
    with atomic_file(tmp_path / "new" / "file", "wb") as file:
        file.write(b"whole")
    assert (tmp_path / "new" / "file").read_bytes() == b"whole"


def test_commands_end_with_one_line_and_status_2(capsys):
    @exit_on_input_error
    def command():
        raise InputError("a.tsv:3: no text; add one")

    with pytest.raises(SystemExit) as stopped:
        command()
    assert stopped.value.code == 2
    assert capsys.readouterr().err == "pyserini_ltre: a.tsv:3: no text; add one\n"
