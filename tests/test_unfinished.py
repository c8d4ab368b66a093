"""What killed processes leave of an output is recognised; what others are writing is left alone."""

import subprocess
import sys
import threading
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from pyserini_ltre import unfinished
from pyserini_ltre.files import atomic_directory, atomic_file

# Killed while it writes, while it has moved the old directory away, and before that is removed.
KILLED = {
    "writing a file": """
with atomic_file(path) as file:
    file.write("half")
    file.flush()
    os.kill(os.getpid(), 9)
""",
    "writing a directory": """
with atomic_directory(path, overwrite=True) as directory:
    (directory / "file").write_text("half")
    os.kill(os.getpid(), 9)
""",
    "replacing a directory": """
rename = Path.rename
def killed_at_the_second(self, target):
    if self.name.endswith(".partial"):
        os.kill(os.getpid(), 9)
    return rename(self, target)
Path.rename = killed_at_the_second
with atomic_directory(path, overwrite=True) as directory:
    (directory / "file").write_text("new")
""",
    "removing the old directory": """
unfinished._remove = lambda place: os.kill(os.getpid(), 9)
with atomic_directory(path, overwrite=True) as directory:
    (directory / "file").write_text("new")
""",
}


def killed(path: Path, when: str) -> None:
    code = "import os, sys; from pathlib import Path; from pyserini_ltre import unfinished\n"
    code += "from pyserini_ltre.files import atomic_directory, atomic_file\npath = Path(sys.argv[1])\n"
    assert subprocess.run([sys.executable, "-c", code + KILLED[when], path]).returncode == -9


def test_the_next_run_removes_what_a_killed_one_left_of_a_file(tmp_path: Path) -> None:
    killed(tmp_path / "run.txt", "writing a file")
    assert not (tmp_path / "run.txt").exists() and len(list(tmp_path.iterdir())) == 1
    with atomic_file(tmp_path / "run.txt") as file:
        file.write("whole")
    assert [path.name for path in tmp_path.iterdir()] == ["run.txt"]


@pytest.mark.parametrize("when", [when for when in KILLED if when != "writing a file"])
def test_the_next_run_removes_what_a_killed_one_left_of_a_directory(tmp_path: Path, when: str) -> None:
    path = tmp_path / "index"
    path.mkdir()
    (path / "file").write_text("old")
    killed(path, when)
    assert len(list(tmp_path.iterdir())) == 2
    with pytest.raises(RuntimeError), atomic_directory(path, overwrite=True):
        # Nothing is lost, whatever the moment: the old one is there, or the whole new one.
        assert (path / "file").read_text() == ("new" if when == "removing the old directory" else "old")
        raise RuntimeError
    assert [left.name for left in tmp_path.iterdir()] == ["index"]


def test_what_is_being_written_and_what_is_not_ours_stays(tmp_path: Path) -> None:
    others = [
        ".index.backup.partial",
        ".index.1234567.partial",
        ".index-2.12345678.partial",
        ".index.partial",
    ]
    for name in others:
        (tmp_path / name).write_text("mine")
    with atomic_directory(tmp_path / "index") as first:
        with atomic_directory(tmp_path / "index", overwrite=True) as second:
            (second / "file").write_text("second")
            assert first.is_dir()
        (first / "file").write_text("first")
    assert (tmp_path / "index" / "file").read_text() == "first"
    assert sorted(path.name for path in tmp_path.iterdir()) == sorted([*others, "index"])


def test_names_with_signs_that_mean_something_in_patterns(tmp_path: Path) -> None:
    killed(tmp_path / "run[1]*.txt", "writing a file")
    killed(tmp_path / "run1.txt", "writing a file")
    with atomic_file(tmp_path / "run[1]*.txt") as file:
        file.write("whole")
    assert [path.name.startswith(".run1.txt.") for path in sorted(tmp_path.iterdir())] == [True, False]


@pytest.mark.parametrize("write", [atomic_file, atomic_directory])
def test_what_is_not_locked_yet_may_be_taken_for_a_leftover(tmp_path: Path, monkeypatch, write) -> None:
    lock, taken = unfinished._lock, []

    def taken_before_the_first_lock(place: Path, wait: bool = False) -> int | None:
        if wait and not taken:
            taken.append(place)
            unfinished._remove(place)
        return lock(place, wait)

    monkeypatch.setattr(unfinished, "_lock", taken_before_the_first_lock)
    with write(tmp_path / "out"):
        pass
    assert len(taken) == 1 and [path.name for path in tmp_path.iterdir()] == ["out"]


def test_many_write_the_same_and_each_succeeds(tmp_path: Path) -> None:
    together = threading.Barrier(8)

    def write(number: int) -> None:
        together.wait()
        for turn in range(50):
            with atomic_file(tmp_path / "out") as file:
                file.write(f"{number} {turn}")

    with ThreadPoolExecutor(8) as pool:
        list(pool.map(write, range(8)))
    assert [path.name for path in tmp_path.iterdir()] == ["out"]
    assert (tmp_path / "out").read_text().endswith(" 49")
