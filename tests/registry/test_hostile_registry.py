"""Whatever is in a registry file or in `PYSERINI_LTRE_HOME`: one line, and nothing changed."""

import json
import os
import re
import subprocess
import sys

import pytest
from hostile import damaged, damaged_json, explained, snapshot
from hypothesis import given

from pyserini_ltre import registry
from pyserini_ltre.errors import CONTROL, InputError
from pyserini_ltre.home import home
from pyserini_ltre.registry import download, resolve
from pyserini_ltre.registry.__main__ import main
from pyserini_ltre.registry.entries import packaged

ENTRIES = {
    "encoders": {"mine": {"path": "model", "index": "toy"}, "ltre": {"description": "ours"}},
    "indexes": {
        "toy": {"path": "index", "encoder": "a/b", "description": "three"},
        "web": {"url": "https://localhost/a.tgz", "md5": "0" * 32, "sha256": "0" * 64, "size": 10},
        "packed": {"url": "file:///nowhere/a.tar.gz", "md5": "0" * 32},
        "theirs": {"url": "https://localhost/b.tar.gz", "md5": "0" * 32, "size": 9, "prebuilt": True},
    },
    "topics": {"toy": {"path": "topics.tsv"}, "here": {"url": "file:///nowhere/topics.tsv"}},
    "qrels": {"toy": {"path": "qrels.txt"}},
    "later": {"x": {"note": [1]}},
}


@pytest.fixture
def folder(tmp_path, monkeypatch):
    """The user's own folder, with what the entries stand for, and no way to the web."""
    own = tmp_path / "home"
    for name in ("model", "index"):
        (own / name).mkdir(parents=True)
    (own / "topics.tsv").write_text("1\topen\n")
    (own / "qrels.txt").write_text("1 0 a 1\n")
    monkeypatch.setenv("PYSERINI_LTRE_HOME", str(own))
    monkeypatch.setenv("PYSERINI_CACHE", str(tmp_path / "cache"))

    def offline(url, *arguments):
        raise InputError(f"{url}: offline")

    monkeypatch.setattr(resolve, "download", offline)
    # What reads indexes and encoders has tests of its own, and takes seconds to import.
    monkeypatch.setattr("pyserini_ltre.registry.__main__._read", lambda section, place: "as it should be")
    return own


def run(capsys, *arguments):
    """Run the command: its exit status and what it printed, which has to be plain lines."""
    capsys.readouterr()
    status = 0
    try:
        main([*map(str, arguments)])
    except SystemExit as end:
        status = end.code
    out, err = capsys.readouterr()
    assert status in (0, 1, 2) and not CONTROL.search((out + err).replace("\n", ""))
    assert (status == 2) == bool(err) and err.count("\n") == (status == 2)
    return status, out + err


def use_everything(capsys):
    """Use all that a registry file is for; to be called where inputs are watched."""
    statuses = {run(capsys, "list", "--all")[0], run(capsys, "verify")[0]}
    try:
        known = registry.load()
    except InputError:
        assert statuses == {2}
        raise
    assert 2 not in statuses
    for section in registry.SECTIONS:
        for name in known[section].keys() - packaged()[section].keys():
            run(capsys, "show", "--", name)
            try:
                place = registry.path_of(section, name)
                assert place is None or place.exists()
            except InputError as error:
                assert "\n" not in str(error) and len(str(error)) < 2000


@given(damaged_json(ENTRIES))
def test_another_structure(folder, capsys, content):
    (folder / "registry.json").write_bytes(content)
    before = snapshot(folder)
    with explained(folder / "index"):
        use_everything(capsys)
    after = snapshot(folder)
    assert {name: after[name] for name in before} == before
    assert all(name.startswith(".locks") for name in after.keys() - before.keys())


@given(damaged(json.dumps(ENTRIES, indent=1).encode()))
def test_other_bytes(folder, capsys, content):
    (folder / "registry.json").write_bytes(content)
    with explained(folder / "index"):
        use_everything(capsys)
    assert (folder / "registry.json").read_bytes() == content


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"[]",
        b'{"indexes": [{"toy": 1}]}',
        b'{"indexes": {"toy": ["path"]}}',
        b'{"encoders": {"x": {"path": "model", "index": ["toy"]}}}',
        b'{"topics": {"x": {"path": "a\\u0000b"}}}',
        b'{"topics": {"x": {"path": ""}}}',
        b'{"topics": {"x": {"path": "' + b"a" * 300 + b'"}}}',
        b'{"topics": {"x": {"path": "' + b"a/" * 3000 + b'"}}}',
        b'{"topics": {"x": {"path": "\\ud800"}}}',
        b'{"topics": {"x": {"description": 3}}}',
        b"[" * 100_000,
        b'{"topics": {"x": {"size": ' + b"9" * 5000 + b"}}}",
        b'{"topics": {"x": {"path": "\xff"}}}',
        b'\xef\xbb\xbf{"topics": {}}',
    ],
)
def test_files_that_are_none(folder, capsys, content):
    (folder / "registry.json").write_bytes(content)
    status, line = run(capsys, "list")
    assert status == 2 and line.startswith(f"pyserini_ltre: {folder / 'registry.json'}")
    assert re.search(r"; (correct the file|.*move it away)", line)
    assert run(capsys, "add", "topics", "new", "--path", folder / "topics.tsv")[0] == 2
    assert (folder / "registry.json").read_bytes() == content


def test_many_keys_are_read_in_no_time(folder, capsys):
    entries = {f"name{number}": {"path": "topics.tsv"} for number in range(20_000)}
    (folder / "registry.json").write_text(json.dumps({"topics": entries}))
    assert len(registry.load()["topics"]) >= 20_000


@pytest.mark.parametrize("kind", ["directory", "pipe"])
def test_a_registry_file_that_is_no_file(folder, capsys, kind):
    (folder / "registry.json").mkdir() if kind == "directory" else os.mkfifo(folder / "registry.json")
    status, line = run(capsys, "list")
    assert status == 2 and "not a file; move it away" in line


@pytest.mark.parametrize(
    ("url", "message"),
    [
        ("http://[", "is no URL"),
        ("https://[::1/a.tgz", "is no URL"),
        ("https://host:99999/a.tgz", "is no URL"),
        ("https://host:x/a.tgz", "is no URL"),
        ("https:///a.tgz", "cannot be asked for"),
        ("https://x.org/a b.tgz", "cannot be asked for"),
        ("https://x.org/é.tgz", "cannot be asked for"),
        ("https://x.org/a\nb.tgz", "cannot be asked for"),
        ("https://x.org/%00.tgz", "has a NUL"),
        ("https://x.org/" + "a" * 300 + ".tgz", "too long"),
        ("file:///a%00.tgz", "has a NUL"),
        ("file:///" + "a/" * 3000 + "b.tgz", "too long"),
        ("javascript:alert(1)", "cannot be used"),
        ("", "cannot be used"),
    ],
)
def test_addresses_that_are_none(folder, capsys, url, message):
    entry = {"url": url, "md5": "0" * 32, "size": 5}
    (folder / "registry.json").write_text(json.dumps({"indexes": {"bad": entry}}))
    with pytest.raises(InputError, match=message):
        registry.path_of("indexes", "bad")
    status, printed = run(capsys, "list", "--section", "indexes")
    assert status == 0 and "BAD" in next(line for line in printed.splitlines() if " bad " in line)
    status, printed = run(capsys, "verify", "bad")
    assert status == 1 and printed.startswith("indexes: bad: BAD: ")
    assert run(capsys, "remove", "bad")[0] == 0


@pytest.mark.parametrize("section", ["topics", "qrels", "indexes"])
@pytest.mark.parametrize("place", ["/dev/zero", "pipe", "with-a-pipe"])
def test_what_never_ends_is_not_read(folder, capsys, section, place):
    os.mkfifo(folder / "pipe")
    (folder / "with-a-pipe").mkdir()
    os.mkfifo(folder / "with-a-pipe" / "docid")
    (folder / "with-a-pipe" / "index").touch()
    (folder / "registry.json").write_text(json.dumps({section: {"bad": {"path": place}}}))
    status, printed = run(capsys, "verify", "bad")
    assert status == 1 and "neither a file nor a folder" in printed
    with pytest.raises(InputError, match="neither a file nor a folder"):
        registry.path_of(section, "bad")


def test_only_as_much_is_read_as_was_there(folder, monkeypatch):
    """A file that grows as fast as it is read."""
    file = folder / "topics.tsv"
    monkeypatch.setattr(download, "CHUNK", 4)
    monkeypatch.setattr(download, "hashlib", GrowingWhenHashed(file))
    assert len(download.sums_of(file)["md5"]) == 32


class GrowingWhenHashed:
    """Stands in for `hashlib`; whatever is hashed makes a file longer."""

    def __init__(self, file):
        self.file = file

    def sha256(self):
        return self

    def md5(self, usedforsecurity):
        return self

    def update(self, chunk):
        with open(self.file, "ab") as end:
            end.write(chunk * 2)

    def hexdigest(self):
        return "0" * 32


def test_control_characters_are_shown(folder, capsys):
    name = "evil\x1b[2J\u202e\x9b"
    entries = {"topics": {name: {"path": "topics.tsv", "description": "a\x1b]0;b\x07\nc"}}}
    (folder / "registry.json").write_text(json.dumps(entries))
    status, listed = run(capsys, "list")
    assert status == 0 and r"evil\x1b[2J\u202e\u009b" in listed and r"a\x1b]0;b\x07\nc" in listed
    status, shown = run(capsys, "show", name)
    assert json.loads(shown)["topics"]["description"] == "a\x1b]0;b\x07\nc"
    assert run(capsys, "verify", name)[1].startswith(r"topics: evil\x1b[2J")
    assert r"\x1b[31m" in run(capsys, "show", "\x1b[31m")[1]


def test_what_could_not_be_read_again_is_not_written(folder):
    registry.register("topics", "good", path=folder / "topics.tsv")
    before = (folder / "registry.json").read_bytes()
    for entry in ({"path": "a\0b"}, {"path": "a" * 300}, {"description": "\udcff"}, {"description": 3}):
        with pytest.raises(InputError, match="; give another"):
            registry.register("topics", "bad", **entry)
    with pytest.raises(InputError, match="cannot be a registered name"):
        registry.register("topics", "a" * 300, path="x")
    assert (folder / "registry.json").read_bytes() == before


@pytest.mark.parametrize(
    "value", ["file", "file/below", "relative", "a\0b", "long", "/dev/null", "~nobody-here/x"]
)
def test_a_home_that_is_none(tmp_path, monkeypatch, value, capsys):
    (tmp_path / "file").write_text("mine")
    monkeypatch.chdir(tmp_path)
    places = {"file": f"{tmp_path}/file", "file/below": f"{tmp_path}/file/below", "long": "/" + "a" * 300}
    own = places.get(value, value)
    monkeypatch.setitem(os.environ._data, b"PYSERINI_LTRE_HOME", own.encode())  # the system takes no NUL
    status, line = run(capsys, "add", "topics", "x", "--path", tmp_path / "file")
    assert status == 2 and "PYSERINI_LTRE_HOME" in line
    assert (tmp_path / "file").read_text() == "mine" and os.listdir(tmp_path) == ["file"]


def test_a_home_that_cannot_be_written_to(tmp_path, monkeypatch, capsys):
    (tmp_path / "file").touch()
    monkeypatch.setenv("PYSERINI_LTRE_HOME", "/proc/self/fd/ltre")
    assert run(capsys, "list")[0] == 0
    status, line = run(capsys, "add", "topics", "x", "--path", tmp_path / "file")
    assert status == 2 and "cannot be written to" in line and "set PYSERINI_LTRE_HOME" in line


def test_nobodys_home(monkeypatch, capsys):
    """As in a container whose user is a number without a name."""

    def unknown(user):
        raise KeyError(user)

    monkeypatch.delenv("PYSERINI_LTRE_HOME")
    monkeypatch.delenv("PYSERINI_CACHE", raising=False)
    monkeypatch.delenv("HOME")
    monkeypatch.setattr("pwd.getpwuid", unknown)
    status, line = run(capsys, "list")
    assert status == 2 and "no home directory is known; set HOME, or PYSERINI_LTRE_HOME" in line
    monkeypatch.setenv("PYSERINI_LTRE_HOME", "/nowhere/at/all")
    monkeypatch.setenv("PYSERINI_CACHE", "/nowhere/cache")
    assert str(home()) == "/nowhere/at/all" and run(capsys, "list")[0] == 0


def test_a_command_without_home_ends_with_its_status(tmp_path):
    (tmp_path / "file").touch()
    environment = {"PATH": os.environ["PATH"], "PYSERINI_LTRE_HOME": str(tmp_path / "file")}
    command = [sys.executable, "-m", "pyserini_ltre.registry", "list"]
    done = subprocess.run(command, env=environment, capture_output=True, text=True, timeout=60)
    assert done.returncode == 2 and done.stderr.count("\n") == 1 and not done.stdout
