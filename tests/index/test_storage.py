"""A sharded index at a URL: each shard is fetched once, and is here whole and right, or not at all."""

import errno
import json
import os
import re
import shutil
import signal
import subprocess
import sys
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from urllib.parse import quote

import faiss
import fsspec
import numpy as np
import pytest
import torch
from slow_storage import SlowStorage

from pyserini_ltre.errors import InputError
from pyserini_ltre.files import is_url
from pyserini_ltre.home import home
from pyserini_ltre.index import open_directory
from pyserini_ltre.index.__main__ import main
from pyserini_ltre.index.directory import IndexDirectory
from pyserini_ltre.index.opening import opened_directory
from pyserini_ltre.index.sharded.convert import shard
from pyserini_ltre.index.storage import copy as copy_module
from pyserini_ltre.index.storage import reading
from pyserini_ltre.index.storage.copy import StoredCopy, fetched, stored_manifest
from pyserini_ltre.index.writing import write_index_directory

VECTORS = np.random.default_rng(4).normal(size=(90, 16)).astype(np.float32)
QUERIES = torch.from_numpy(np.random.default_rng(5).normal(size=(7, 16)).astype(np.float32))
RECORD = {"name": "tiny", "pooling": "mean", "normalise": False, "prefix": "", "max_length": 64}
FILES = [f"0000{number}/{name}" for number in range(3) for name in ("docid", "encoder.json", "index")]


@pytest.fixture(autouse=True)
def own_home(tmp_path, monkeypatch):
    monkeypatch.setenv("PYSERINI_LTRE_HOME", str(tmp_path / "home"))
    return tmp_path / "home"


@pytest.fixture
def sharded(tmp_path):
    index = faiss.IndexFlatIP(16)
    index.add(VECTORS)
    write_index_directory(tmp_path / "whole", index, [f"d{row}" for row in range(90)], RECORD)
    shard(IndexDirectory(tmp_path / "whole"), 3, tmp_path / "sharded")
    return tmp_path / "sharded"


@pytest.fixture
def slow(tmp_path):
    (tmp_path / "slow").mkdir()
    storage = SlowStorage(tmp_path / "slow")
    storage.use_here()
    return storage


def url_of(path):
    return f"slow://{path}"


def left(own_home):
    """What is there of the index, but for the manifest."""
    return sorted(str(path.relative_to(own_home)) for path in own_home.rglob("shards/*/*") if path.is_file())


def test_what_is_fetched_is_what_lies_there_and_is_fetched_once(sharded, slow, own_home):
    there, here = open_directory(url_of(sharded)), open_directory(sharded)
    assert slow.opened() == FILES
    assert there.path.parent == own_home / "indexes" and there.path.name.startswith("sharded-")
    assert there.fingerprint == here.fingerprint and there.record == here.record
    for one, other in zip(there.open().search(QUERIES, 90), here.open().search(QUERIES, 90), strict=True):
        assert torch.equal(one, other)
    shutil.rmtree(sharded / "shards")
    assert open_directory(f"{url_of(sharded)}/").docids == here.docids and slow.opened() == []
    there.check_sums()
    # What it has become is an index directory like any other.
    assert open_directory(there.path).docids == here.docids


@pytest.mark.parametrize("kind", ["memory", "file", "chain"])
def test_whatever_fsspec_reads(kind, sharded, tmp_path):
    if kind == "memory":
        url = "memory://bucket/sharded"
        fsspec.filesystem("memory").put(str(sharded), "/bucket/sharded", recursive=True)
    elif kind == "file":
        url = f"file://{sharded}"
    else:
        shutil.make_archive(str(tmp_path / "packed"), "zip", tmp_path, "sharded")
        url = f"zip://sharded::file://{tmp_path}/packed.zip"
    with opened_directory(url) as directory:
        assert len(directory.docids) == 90


def test_an_index_that_takes_the_place_of_another_is_fetched_anew(sharded, slow, tmp_path):
    first = fetched(url_of(sharded))
    shutil.rmtree(sharded)
    shard(IndexDirectory(tmp_path / "whole"), 2, sharded)
    second = fetched(url_of(sharded))
    assert (
        first != second and len(open_directory(second).shards) == 2 and len(open_directory(first).shards) == 3
    )


def test_a_copy_that_is_no_longer_whole_is_fetched_again(sharded, slow):
    path = fetched(url_of(sharded))
    slow.opened()
    os.truncate(path / "shards" / "00001" / "index", 7)
    (path / "shards" / "00002" / "docid").unlink()
    # Hidden is what others are writing, or have left.
    (path / "shards" / ".00000.12345678.partial").mkdir()
    open_directory(url_of(sharded)).check_sums()
    assert slow.opened() == FILES[3:]


def test_a_wrong_sum_names_the_shard_and_nothing_stays(sharded, slow, own_home):
    file = sharded / "shards" / "00001" / "index"
    content = file.read_bytes()
    for wrong, fault in (
        (content[:-1] + bytes([content[-1] ^ 1]), "sha256 .* in manifest.json"),
        (content + b"more", f"more where manifest.json has {len(content)} bytes"),
        (content[:100], f"100 bytes where manifest.json has {len(content)} bytes"),
    ):
        file.write_bytes(wrong)
        with pytest.raises(InputError, match=rf"^slow://{sharded}/shards/00001/index: {fault}.*; upload"):
            open_directory(url_of(sharded))
        assert all("/00000/" in path for path in left(own_home))
    file.write_bytes(content)
    slow.opened()
    open_directory(url_of(sharded)).check_sums()
    assert slow.opened() == FILES[3:]


def test_a_connection_that_breaks_is_taken_up_where_it_broke(sharded, slow, monkeypatch):
    file = sharded / "shards" / "00001" / "index"
    file.with_name("index.break").touch()
    open_directory(url_of(sharded)).check_sums()
    assert slow.opened() == sorted([*FILES, "00001/index"])

    def broken(*arguments, **options):
        raise ConnectionResetError("by the peer")

    monkeypatch.setattr("fsspec.core.url_to_fs", broken)
    with pytest.raises(InputError, match=r"manifest.json: cannot be read \(by the peer\); look into network"):
        open_directory(url_of(sharded))


def test_what_hangs_ends_in_time(sharded, slow, own_home, monkeypatch):
    monkeypatch.setattr(reading, "STALLED", 0.3)
    start = time.monotonic()
    with slow.held(sharded / "shards" / "00001" / "index"):
        with pytest.raises(
            InputError, match=r"/shards/00001/index: nothing came within 0 s; look into the network"
        ):
            open_directory(url_of(sharded))
        assert time.monotonic() - start < 10
        assert all("/00000/" in path for path in left(own_home))
    open_directory(url_of(sharded)).check_sums()


def test_who_wants_the_same_waits_and_it_is_fetched_once(sharded, slow):
    with ThreadPoolExecutor(4) as pool:
        with slow.held(sharded / "shards" / "00000" / "index"):
            waiting = [pool.submit(fetched, url_of(sharded)) for _ in range(4)]
            time.sleep(0.5)
            assert not any(one.done() for one in waiting)
        assert len({one.result() for one in waiting}) == 1
    assert slow.opened() == FILES


def test_killed_in_the_middle_nothing_is_half_written(sharded, slow, own_home):
    file = sharded / "shards" / "00001" / "index"
    command = [sys.executable, "-m", "pyserini_ltre.index", "fetch", "--index", url_of(sharded)]
    environment = {**os.environ, "PYTHONPATH": f"{slow.folder}:{Path(__file__).parents[2]}"}
    with slow.held(file):
        process = subprocess.Popen(command, env=environment, stdout=subprocess.PIPE, stderr=subprocess.PIPE)
        end = time.monotonic() + 60
        while not (found := [*own_home.glob("indexes/*/shards/.00001.*.partial/index")]):
            assert time.monotonic() < end and process.poll() is None
            time.sleep(0.01)
        process.send_signal(signal.SIGKILL)
        process.communicate()
    assert found[0].exists()
    copy = StoredCopy(url_of(sharded), stored_manifest(url_of(sharded)))
    assert set(copy.missing()) == {1, 2}
    slow.opened()
    done = subprocess.run(command, env=environment, capture_output=True, text=True, check=True)
    assert done.stdout.strip() == str(copy.path) and slow.opened() == FILES[3:]
    assert not [*own_home.rglob("*.partial")]
    open_directory(copy.path).check_sums()


def test_where_there_is_no_room(sharded, slow, own_home, monkeypatch):
    with monkeypatch.context() as patch:
        patch.setattr(copy_module.shutil, "disk_usage", lambda path: shutil._ntuple_diskusage(100, 90, 10))
        with pytest.raises(InputError, match=r"shards/00000: \d+ bytes, and 10 are free in .*; free some"):
            open_directory(url_of(sharded))

    def full(*arguments):
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    monkeypatch.setattr(StoredCopy, "_fetch_file", full)
    with pytest.raises(InputError, match=r"shards/00000: no space left in .*; free some"):
        open_directory(url_of(sharded))
    assert left(own_home) == []


@pytest.mark.parametrize(
    ("url", "fault"),
    [
        ("memory://nowhere", "memory://nowhere/manifest.json: no such file; give the URL of a sharded index"),
        ("nonsense://a/b", r"cannot be read \(Protocol not known: nonsense\); correct the URL"),
        ("s3://a/b", "s3fs to access S3; install that on every machine"),
        ("zip::", "cannot be read|no such file"),
    ],
)
def test_what_cannot_be_read_is_one_line(url, fault, refused, monkeypatch):
    monkeypatch.setitem(sys.modules, "s3fs", None)
    line = refused(main, "merge", "--index", url, "--output", home() / "merged")
    assert re.search(fault, line, re.IGNORECASE) and not (home() / "merged").exists()


def test_a_manifest_that_is_none_is_named_by_its_url(sharded, slow):
    file = sharded / "manifest.json"
    content = json.loads(file.read_text())
    for wrong, fault in (
        (b"\xff", "not UTF-8"),
        (b"{", "not JSON"),
        (b"[]", "has to be a JSON object"),
        (json.dumps({**content, "shards": []}).encode(), "no shards"),
        (json.dumps({**content, "encoder": {"name": "a"}}).encode(), "lacks"),
    ):
        file.write_bytes(wrong)
        with pytest.raises(
            InputError, match=rf"^slow://{sharded}/manifest.json: .*{fault}.*; upload the sharded"
        ):
            open_directory(url_of(sharded))


def test_the_commands(sharded, slow, tmp_path, capsys, refused):
    main(["merge", "--index", url_of(sharded), "--output", str(tmp_path / "merged")])
    for name in ("index", "docid"):
        assert (tmp_path / "merged" / name).read_bytes() == (tmp_path / "whole" / name).read_bytes()
    capsys.readouterr()
    main(["fetch", "--index", url_of(sharded)])
    assert open_directory(capsys.readouterr().out.strip()).row_of["d89"] == 89
    assert "--index" in refused(main, "fetch", "--index", sharded)
    with (
        pytest.raises(InputError, match="`ray_device` is for the workers"),
        opened_directory(sharded, None, "cuda"),
    ):
        pass


def test_what_is_a_url():
    for url in ("s3://a", "simplecache::s3://a/b", "file:///a", "abfs://c@d/e"):
        assert is_url(url)
    for other in ("/a/b", "a", "ltre:a/b", Path("s3://a"), None, "my folder://", quote("s3://a", safe="")):
        assert not is_url(other)


def test_nothing_of_fsspec_is_imported_for_an_index_that_is_here(sharded):
    code = (
        "import sys; from pyserini_ltre.index import open_directory; "
        f"open_directory({str(sharded)!r}); print('fsspec.core' in sys.modules)"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "False"
