"""Output appears whole or not at all."""

import errno
import os
import subprocess
import sys

import pytest

from pyserini_ltre.collection.lines import json_lines
from pyserini_ltre.errors import InputError, exit_on_input_error
from pyserini_ltre.files import atomic_directory, atomic_file, check_output_directory
from pyserini_ltre.json_files import read_json


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


@pytest.mark.parametrize(
    ("raised", "said"),
    [
        (OSError(errno.ENOSPC, "No space left on device", "/disk/out"), "/disk/out: no space left"),
        (PermissionError(errno.EACCES, "Permission denied", "/closed"), "/closed: no permission"),
        (OSError(errno.EROFS, "Read-only file system", "/cd"), "/cd: that file system can only be read"),
        (RuntimeError("write error in index: 0 != 1 (No space left on device)"), "no space left"),
        (RuntimeError("PytorchStreamWriter failed writing file data/0"), "no space left"),
    ],
)
def test_what_the_system_says_becomes_one_line(refused, raised, said):
    @exit_on_input_error
    def command(arguments):
        raise raised

    assert refused(command).startswith(said)


def test_what_the_system_says_is_found_behind_what_a_library_makes_of_it(refused):
    @exit_on_input_error
    def command(arguments):
        try:
            raise OSError(errno.ENOSPC, "No space left on device")
        except OSError as error:
            raise RuntimeError("An error occurred while generating the dataset") from error

    assert refused(command).startswith("no space left there")


@pytest.mark.parametrize(
    "raised", [OSError(errno.EIO, "Input/output error"), RuntimeError("a fault"), KeyError("x")]
)
def test_what_cannot_be_explained_keeps_its_traceback(raised):
    @exit_on_input_error
    def command():
        raise raised

    with pytest.raises(type(raised)) as caught:
        command()
    assert caught.value is raised


WAITS = """
import os, signal, sys, time
from pyserini_ltre.errors import exit_on_input_error
from pyserini_ltre.files import atomic_directory, atomic_file

@exit_on_input_error
def command():
    with atomic_directory(sys.argv[1] + "/d") as directory, atomic_file(sys.argv[1] + "/f") as file:
        (directory / "half").write_text("x")
        os.kill(os.getpid(), getattr(signal, sys.argv[2]))
        time.sleep(30)

command()
"""


@pytest.mark.parametrize(("name", "status", "lines"), [("SIGINT", 130, 1), ("SIGTERM", 143, 0)])
def test_a_command_that_is_ended_cleans_up(tmp_path, name, status, lines):
    done = subprocess.run(
        [sys.executable, "-c", WAITS, tmp_path, name], capture_output=True, text=True, check=False
    )
    assert (done.returncode, len(done.stderr.splitlines())) == (status, lines)
    assert not any(tmp_path.iterdir())


def test_a_pipe_that_closes_ends_a_command_without_a_word():
    prints = "from pyserini_ltre.errors import exit_on_input_error as e\n@e\ndef f():\n  "
    prints += "for i in range(10**6): print(i)\nf()"
    command = f"{sys.executable} -c '{prints}' | head -1; exit ${{PIPESTATUS[0]}}"
    done = subprocess.run(["bash", "-c", command], capture_output=True, text=True, check=False)
    assert (done.returncode, done.stdout, done.stderr) == (141, "0\n", "")


def test_a_terminal_that_knows_few_characters_shows_the_codes_of_others():
    prints = "from pyserini_ltre.errors import exit_on_input_error as e\n"
    prints += "@e\ndef f():\n  print(chr(252), chr(0xd800))\nf()"
    for encoding, shown in (("ascii", b"\\xfc \\ud800\n"), ("utf-8", b"\xc3\xbc \\ud800\n")):
        environment = os.environ | {"PYTHONIOENCODING": encoding}
        done = subprocess.run(
            [sys.executable, "-c", prints], env=environment, capture_output=True, check=False
        )
        assert (done.returncode, done.stdout, done.stderr) == (0, shown, b"")


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ('{"a": 1', "not JSON"),
        ("[" * 100_000 + "]" * 100_000, "nested too deep"),
        (f'{{"a": {"1" * 5000}}}', "too many digits"),
        (r'{"a": "\ud800"}', "half of a character"),
    ],
)
def test_json_that_python_chokes_on_is_one_line(tmp_path, text, said):
    (tmp_path / "some.json").write_text(text)
    with pytest.raises(InputError, match=said):
        read_json(tmp_path / "some.json")
    with pytest.raises(InputError, match=said):
        list(json_lines(tmp_path / "some.json"))


def test_json_with_escapes_is_read(tmp_path):
    (tmp_path / "some.json").write_text(r'{"a": "\ud83d\ude00 \\ud800 \u00e9"}')
    assert read_json(tmp_path / "some.json") == {"a": "\U0001f600 \\ud800 é"}


def test_json_that_is_not_utf8_is_one_line(tmp_path):
    (tmp_path / "some.json").write_bytes(b'{"a": "\xff"}')
    with pytest.raises(InputError, match="not UTF-8"):
        read_json(tmp_path / "some.json")
