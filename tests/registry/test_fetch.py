"""Downloads that resume, sums that are checked, archives that are not trusted: against a server on this machine."""

import bz2
import gzip
import hashlib
import http.server
import io
import json
import lzma
import os
import re
import tarfile
import threading
from concurrent.futures import ThreadPoolExecutor

import pytest

from pyserini_ltre import registry
from pyserini_ltre.errors import InputError
from pyserini_ltre.registry.download import download

INDEX = {"toy/": None, "toy/index": os.urandom(300_000), "toy/docid": b"a\nb\n"}


class Shelf:
    """What a server on this machine offers, and how it misbehaves."""

    def __init__(self):
        self.files = {}  # name -> bytes
        self.ranges = True
        self.break_after = []  # for each of the next answers: bytes after which it ends
        self.status = None
        self.asked = []  # the Range header of every request

    def answer(self, handler):
        asked = handler.headers.get("Range")
        self.asked.append(asked)
        whole = self.files.get(handler.path.lstrip("/"))
        start = int(re.fullmatch(r"bytes=(\d+)-", asked).group(1)) if asked and self.ranges else 0
        if self.status or whole is None or start >= len(whole):
            handler.send_error(self.status or (404 if whole is None else 416))
            return
        handler.send_response(206 if start else 200)
        if start:
            handler.send_header("Content-Range", f"bytes {start}-{len(whole) - 1}/{len(whole)}")
        handler.send_header("Content-Length", str(len(whole) - start))
        handler.end_headers()
        stop = self.break_after.pop(0) if self.break_after else len(whole)
        handler.wfile.write(whole[start : start + stop])


@pytest.fixture
def shelf():
    offered = Shelf()

    class Handler(http.server.BaseHTTPRequestHandler):
        def do_GET(self):
            offered.answer(self)

        def log_message(self, *arguments):
            pass

    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    threading.Thread(target=server.serve_forever, args=(0.01,), daemon=True).start()
    offered.url = f"http://127.0.0.1:{server.server_port}/"
    yield offered
    server.shutdown()
    server.server_close()


@pytest.fixture(autouse=True)
def home(tmp_path, monkeypatch):
    monkeypatch.setenv("PYSERINI_LTRE_HOME", str(tmp_path / "home"))
    monkeypatch.setenv("PYSERINI_CACHE", str(tmp_path / "cache" / "pyserini"))
    return tmp_path / "home"


def tarball(members, mode="w:gz"):
    """Archive: name -> bytes, None for a folder, or a `TarInfo` for anything else."""
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode=mode) as archive:
        for name, content in members.items():
            info = content if isinstance(content, tarfile.TarInfo) else tarfile.TarInfo(name)
            if content is None:
                info.type, info.mode = tarfile.DIRTYPE, 0o755
            elif isinstance(content, bytes):
                info.size = len(content)
            archive.addfile(info, io.BytesIO(content) if isinstance(content, bytes) else None)
    return buffer.getvalue()


def md5(content):
    return hashlib.md5(content).hexdigest()


def offer(shelf, name, content, **changes):
    """Put a file on the shelf; the entry for it."""
    shelf.files[name] = content
    return {"url": shelf.url + name, "md5": md5(content), "size": len(content)} | changes


def left_over(home):
    """All files and folders under the home that are neither locks, registry, nor whole."""
    known = {".locks", "registry.json", "downloads", "indexes", "topics", "encoders"}
    top = {path.name for path in home.iterdir()} - known
    return sorted(
        top
        | {p.name for folder in ("downloads", "indexes") for p in home.glob(f"{folder}/*") if home.exists()}
    )


def test_an_index_is_downloaded_once_and_unpacked_without_its_outer_folder(shelf, home):
    registry.register("indexes", "toy", **offer(shelf, "some-toy.tar.gz", tarball(INDEX)))
    directory = registry.path_of("indexes", "toy")
    assert sorted(path.name for path in directory.iterdir()) == ["docid", "index"]
    assert (directory / "index").read_bytes() == INDEX["toy/index"]
    assert registry.path_of("indexes", "toy") == directory and len(shelf.asked) == 1
    assert left_over(home) == [directory.name]


def test_a_broken_connection_is_resumed_where_it_broke(shelf, tmp_path):
    entry = offer(shelf, "f", os.urandom(100_000))
    shelf.break_after = [30_000, 20_000]
    download(entry["url"], tmp_path / "f", entry["size"], entry["md5"])
    assert (tmp_path / "f").read_bytes() == shelf.files["f"]
    assert shelf.asked == [None, "bytes=30000-", "bytes=50000-"]


def test_an_interrupted_download_goes_on_the_next_time(shelf, tmp_path):
    entry = offer(shelf, "f", os.urandom(100_000))
    shelf.break_after = [40_000, 0, 0, 0]
    with pytest.raises(
        InputError, match="40000 of 100000 bytes are here; the same command goes on from there"
    ):
        download(entry["url"], tmp_path / "f", entry["size"], entry["md5"])
    assert not (tmp_path / "f").exists() and (tmp_path / "f.part").stat().st_size == 40_000
    shelf.asked.clear()
    download(entry["url"], tmp_path / "f", entry["size"], entry["md5"])
    assert (tmp_path / "f").read_bytes() == shelf.files["f"] and shelf.asked == ["bytes=40000-"]


def test_a_server_without_ranges_gives_the_atomic_file_again(shelf, tmp_path):
    entry = offer(shelf, "f", os.urandom(50_000))
    shelf.ranges = False
    (tmp_path / "f.part").write_bytes(shelf.files["f"][:20_000])
    download(entry["url"], tmp_path / "f", entry["size"], entry["md5"])
    assert (tmp_path / "f").read_bytes() == shelf.files["f"]


def test_a_wrong_md5_keeps_the_file_aside_and_names_both_sums(shelf, home):
    content = tarball(INDEX)
    registry.register("indexes", "toy", **offer(shelf, "toy.tgz", content, md5="0" * 32))
    with pytest.raises(InputError) as error:
        registry.path_of("indexes", "toy")
    kept = home / "downloads" / "00000000-toy.tgz.wrong"
    assert md5(content) in str(error.value) and "0" * 32 in str(error.value) and str(kept) in str(error.value)
    assert kept.read_bytes() == content and "\n" not in str(error.value)
    assert left_over(home) == [kept.name]


def test_another_size_is_refused_before_anything_is_downloaded(shelf, home):
    registry.register("indexes", "toy", **offer(shelf, "toy.tgz", tarball(INDEX), size=10))
    with pytest.raises(InputError, match=r"the server offers \d+ bytes, expected 10"):
        registry.path_of("indexes", "toy")
    assert left_over(home) == []


@pytest.mark.parametrize("status", [403, 503])
def test_a_refusing_server_and_an_unreachable_one(shelf, home, status):
    registry.register("indexes", "toy", **offer(shelf, "toy.tgz", tarball(INDEX)))
    shelf.status = status
    with pytest.raises(InputError, match=f"toy.tgz: the server answers {status}"):
        registry.path_of("indexes", "toy")
    registry.register("indexes", "toy", url="http://127.0.0.1:9/toy.tgz", md5="0" * 32, size=5)
    with pytest.raises(InputError, match=r"refused.*0 of 5 bytes are here"):
        registry.path_of("indexes", "toy")


def test_two_that_want_the_same_index_download_it_once(shelf, home):
    registry.register("indexes", "toy", **offer(shelf, "toy.tgz", tarball(INDEX)))
    with ThreadPoolExecutor(4) as pool:
        places = set(pool.map(lambda _: registry.path_of("indexes", "toy"), range(4)))
    assert len(places) == 1 and len(shelf.asked) == 1


def test_what_was_downloaded_is_not_downloaded_again_after_a_kill_while_unpacking(shelf, home):
    content = tarball(INDEX)
    registry.register("indexes", "toy", **offer(shelf, "toy.tgz", content))
    (home / "downloads").mkdir()
    (home / "downloads" / f"{md5(content)[:8]}-toy.tgz").write_bytes(content)
    half = home / "indexes" / f".toy-{md5(content)[:8]}.0123abcd.partial"
    half.mkdir(parents=True)
    assert (registry.path_of("indexes", "toy") / "docid").exists() and shelf.asked == []
    assert left_over(home) == [f"toy-{md5(content)[:8]}"]


def link(name, target, kind):
    info = tarfile.TarInfo(name)
    info.type, info.linkname = kind, target
    return info


@pytest.mark.parametrize(
    ("members", "message"),
    [
        ({"../evil": b"x"}, "member ../evil would lie outside"),
        ({"a/../../evil": b"x"}, "would lie outside"),
        ({"/tmp/evil-ltre": b"x"}, "would lie outside"),
        ({"docid": b"x", "index": link("index", "/etc/passwd", tarfile.SYMTYPE)}, "member index is a link"),
        ({"docid": b"x", "index": link("index", "docid", tarfile.LNKTYPE)}, "member index is a link"),
        ({"pipe": link("pipe", "", tarfile.FIFOTYPE)}, "member pipe is no plain file"),
        ({"docid": b"x", "./docid": b"y"}, "is there twice"),
        ({"docid": b"x", "docid/a": b"y"}, "is there twice"),
        ({"toy/readme": b"x"}, "the archive has no index and docid or segments"),
        ({}, "the archive is empty"),
    ],
)
def test_bad_archives_leave_nothing(shelf, home, tmp_path, members, message):
    registry.register("indexes", "toy", **offer(shelf, "toy.tar.gz", tarball(members)))
    with pytest.raises(InputError) as error:
        registry.path_of("indexes", "toy")
    assert message in str(error.value) and "\n" not in str(error.value)
    assert list((home / "indexes").iterdir()) == []
    assert not list(tmp_path.rglob("*evil*")) and not os.path.exists("/tmp/evil-ltre")


@pytest.mark.parametrize("kind", ["gz", "bz2", "xz", ""])
@pytest.mark.parametrize("damage", ["cut", "boundary", "hole", "other"])
def test_a_damaged_archive_on_this_machine_leaves_nothing(home, tmp_path, kind, damage):
    plain = tarball(INDEX, "w:")
    last_member = plain.index(b"toy/docid")
    if damage == "boundary":  # cut where a member could begin
        plain = plain[:last_member]
    elif damage == "hole":  # a header that is none
        plain = plain[:last_member] + b"x" * 512 + plain[last_member + 512 :]
    packed = {"gz": gzip, "bz2": bz2, "xz": lzma}[kind].compress(plain) if kind else plain
    if damage == "cut":
        packed = packed[: len(packed) // 2]
    elif damage == "other":
        packed = b"<html>not found</html>"
    file = tmp_path / f"toy.tar{'.' if kind else ''}{kind}"
    file.write_bytes(packed)
    registry.register("indexes", "toy", url=file.as_uri())
    with pytest.raises(InputError, match=rf"{file.name}: damaged or cut off"):
        registry.path_of("indexes", "toy")
    assert list((home / "indexes").iterdir()) == [] and file.exists()


def test_file_urls_are_used_in_place_or_unpacked(home, tmp_path):
    (tmp_path / "my topics.tsv").write_text("1\topen\n")
    registry.register("topics", "toy", url=(tmp_path / "my topics.tsv").as_uri())
    assert registry.path_of("topics", "toy") == tmp_path / "my topics.tsv"
    model = tarball({"config.json": b"{}", "sub/": None, "sub/weights": b"w"}, "w:xz")
    (tmp_path / "model.tar.xz").write_bytes(model)
    registry.register("encoders", "toy", url=(tmp_path / "model.tar.xz").as_uri(), md5=md5(model))
    directory = registry.encoder_directory("ltre:toy")
    assert (directory / "sub" / "weights").read_bytes() == b"w" and directory.is_relative_to(home)
    registry.register("topics", "gone", url=(tmp_path / "gone.tsv").as_uri())
    with pytest.raises(InputError, match=r"gone\.tsv, which does not exist"):
        registry.path_of("topics", "gone")


def test_topics_come_as_a_plain_file(shelf):
    registry.register("topics", "toy", **offer(shelf, "toy.tsv", b"1\topen\n"))
    path = registry.path_of("topics", "toy")
    assert path.name == "toy.tsv" and path.read_bytes() == b"1\topen\n"


@pytest.mark.parametrize(
    ("section", "entry", "message"),
    [
        ("indexes", {"url": "ftp://x.org/a.tgz"}, "cannot be used"),
        ("indexes", {"url": "http://x.org/a.tgz", "md5": "0" * 32, "size": 1}, "cannot be used"),
        ("indexes", {"url": "file://other/a.tgz"}, "names no file of this machine"),
        ("indexes", {"url": "https://x.org/", "md5": "0" * 32, "size": 1}, "names no file"),
        ("indexes", {"url": "https://x.org/a.tgz", "size": 1}, "has no md5 or no size"),
        ("indexes", {"url": "https://x.org/a.tgz", "md5": "0" * 32}, "has no md5 or no size"),
        ("indexes", {"url": "https://x.org/a.tgz", "md5": "zz", "size": 1}, "md5 'zz' is none"),
        ("indexes", {"url": "https://x.org/a.tgz", "md5": "0" * 32, "size": "1"}, "size '1' is none"),
        ("indexes", {"url": "https://x.org/a.zip", "md5": "0" * 32, "size": 1}, "has to be a tar archive"),
        ("topics", {"url": "https://x.org/a.tgz", "md5": "0" * 32, "size": 1}, "has to be a plain file"),
    ],
)
def test_urls_that_cannot_be_used(home, section, entry, message):
    registry.register(section, "toy", **entry)
    with pytest.raises(InputError) as error:
        registry.path_of(section, "toy")
    assert message in str(error.value)


def test_a_prebuilt_index_goes_where_pyserini_looks_for_it(shelf, home, tmp_path):
    entry = offer(shelf, "faiss-flat.toy.2021.tar.gz", tarball(INDEX))
    registry.register("indexes", "toy", prebuilt=True, **entry)
    expected = tmp_path / "cache" / "pyserini" / "indexes" / f"faiss-flat.toy.2021.{entry['md5']}"
    assert registry.path_of("indexes", "toy") == expected and (expected / "docid").exists()
    assert json.loads((home / "registry.json").read_text())["indexes"]["toy"]["prebuilt"]
