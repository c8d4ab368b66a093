"""Whatever is in an archive: it is unpacked, or one line says what is wrong; nothing outside, and not too much."""

import bz2
import gzip
import io
import lzma
import os
import shutil
import tarfile

import pytest
from hostile import ODD_TEXT, damaged, explained, snapshot
from hypothesis import given, reject
from hypothesis import strategies as st

from pyserini_ltre import registry
from pyserini_ltre.errors import InputError
from pyserini_ltre.registry import unpack as unpacking
from pyserini_ltre.registry.unpack import unpack

PACKED = {".tar": bytes, ".tar.gz": gzip.compress, ".tar.bz2": bz2.compress, ".tar.xz": lzma.compress}
KINDS = [
    getattr(tarfile, kind)
    for kind in ("REGTYPE", "DIRTYPE", "SYMTYPE", "LNKTYPE", "FIFOTYPE", "CHRTYPE", "BLKTYPE", "CONTTYPE")
] + [tarfile.GNUTYPE_SPARSE, tarfile.GNUTYPE_LONGNAME, tarfile.XHDTYPE, tarfile.XGLTYPE, b"?"]


def archive(*members, pax=None):
    """A tar archive of (name, kind, content) or (name, kind, content, size that is claimed)."""
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode="w", format=tarfile.PAX_FORMAT, pax_headers=pax) as made:
        for name, kind, content, *claimed in members:
            info = tarfile.TarInfo(name)
            info.type, info.size, info.linkname = kind, len(content), "docid"
            if claimed:
                info.size = claimed[0]
            made.addfile(info, io.BytesIO(content) if len(content) == info.size else None)
    return buffer.getvalue()


WHOLE = archive(
    ("toy", tarfile.DIRTYPE, b""),
    ("toy/index", tarfile.REGTYPE, bytes(range(256)) * 5),
    ("toy/docid", tarfile.REGTYPE, b"a\nb\n"),
    ("toy/" + "long" * 40, tarfile.REGTYPE, b"x"),
)


def unpacked(folder, content, end):
    """Unpack in a fresh folder, and demand that nothing but this folder is touched."""
    shutil.rmtree(folder / "work", ignore_errors=True)
    target = folder / "work" / "a" / "b"
    target.mkdir(parents=True)
    file = folder / f"given{end}"
    file.write_bytes(content)
    try:
        with explained(folder / "watched"):
            unpack(file, target)
    finally:
        assert file.read_bytes() == content
        assert {p.name for p in folder.iterdir()} == {"watched", "work", file.name}
        assert os.listdir(folder / "work") == ["a"] and os.listdir(folder / "work" / "a") == ["b"]
        for path in target.rglob("*"):
            assert path.is_dir() or path.is_file(), "neither a file nor a folder"
            assert not path.is_symlink()
        file.unlink()


@pytest.fixture
def folder(tmp_path):
    (tmp_path / "watched").mkdir()
    return tmp_path


@pytest.mark.parametrize("end", PACKED)
@given(content=damaged(WHOLE))
def test_damaged_inside(folder, end, content):
    unpacked(folder, PACKED[end](content), end)


@pytest.mark.parametrize("end", PACKED)
@given(data=st.data())
def test_damaged_outside(folder, end, data):
    unpacked(folder, data.draw(damaged(PACKED[end](WHOLE))), end)


NAMES = st.sampled_from([*ODD_TEXT, ".", "/", "a/", "./a", "a/../b", "a//b", "a/b", "docid"]) | st.text(
    max_size=9
)


@given(
    members=st.lists(
        st.tuples(NAMES, st.sampled_from(KINDS), st.binary(max_size=600))
        | st.tuples(
            NAMES, st.sampled_from(KINDS), st.just(b""), st.sampled_from([0, 1, 511, 513, 2**33, 2**63])
        ),
        max_size=4,
    ),
    pax=st.dictionaries(
        st.sampled_from(
            ["path", "size", "linkpath", "mtime", "GNU.sparse.map", "GNU.sparse.size", "hdrcharset"]
        ),
        st.sampled_from([*ODD_TEXT, "-5", "BINARY", "1,2,3"]),
        max_size=2,
    ),
)
def test_strange_members(folder, members, pax):
    try:
        content = archive(*members, pax=pax)
    except (ValueError, OverflowError, UnicodeError):  # not even tarfile can write it
        reject()
    unpacked(folder, content, ".tar")


with tarfile.open(fileobj=io.BytesIO(WHOLE)) as opened:
    HEADERS = [member.offset for member in opened] + [opened.getmembers()[-1].offset_data - 512]


@given(
    st.sampled_from(HEADERS),
    st.integers(0, 511),
    st.binary(min_size=1, max_size=12) | st.just(b"\x80" + b"\xff" * 11),
)
def test_headers_with_a_good_sum(folder, header, start, change):
    content = bytearray(WHOLE)
    start = header + min(start, 512 - len(change))
    content[start : start + len(change)] = change
    block = bytes(content[header : header + 148]) + b" " * 8 + bytes(content[header + 156 : header + 512])
    content[header + 148 : header + 156] = b"%06o\0 " % sum(block)
    unpacked(folder, bytes(content), ".tar")


@pytest.fixture
def refused(tmp_path, monkeypatch):
    """Register an archive, ask for it, and give the line of the refusal; nothing may be left."""
    monkeypatch.setenv("PYSERINI_LTRE_HOME", str(tmp_path / "home"))

    def refused(content, end=".tar"):
        file = tmp_path / f"given{end}"
        file.write_bytes(content)
        registry.register("indexes", "toy", url=file.as_uri())
        outside = snapshot(tmp_path)
        with pytest.raises(InputError) as error:
            registry.path_of("indexes", "toy")
        assert os.listdir(tmp_path / "home" / "indexes") == []
        known = {name for name in snapshot(tmp_path) if not name.startswith("home/")}
        assert known == {name for name in outside if not name.startswith("home/")}
        return str(error.value)

    return refused


@pytest.mark.parametrize(
    ("name", "message"),
    [
        ("a\0b", "a name that no file can have"),
        ("b" * 300, "a name that no file can have"),
        ("c/" * 2000 + "d", "a name that no file can have"),
        (".", "a name that no file can have"),
        ("../../e", "would lie outside"),
        ("/tmp/ltre-hostile", "would lie outside"),
        ("\x1b[2J/../..", r"member \x1b[2J/../.. would lie outside"),
    ],
)
def test_names(refused, name, message):
    # A NUL ends a name, unless it stands in a header of its own.
    assert message in refused(archive(("x", tarfile.REGTYPE, b"x"), pax={"path": name}))
    assert not os.path.exists("/tmp/ltre-hostile")


@pytest.mark.parametrize(
    "kind", [tarfile.SYMTYPE, tarfile.LNKTYPE, tarfile.FIFOTYPE, tarfile.CHRTYPE, tarfile.BLKTYPE]
)
def test_links_and_devices(refused, kind):
    line = refused(archive(("docid", tarfile.REGTYPE, b"x"), ("index", kind, b"")))
    assert "member index is a link" in line or "member index is no plain file" in line


def sparse():
    """A member of which the archive has nothing but the size: a terabyte."""
    info = tarfile.TarInfo("index")
    info.size = 0
    info.pax_headers = {"GNU.sparse.size": str(1 << 40), "GNU.sparse.numblocks": "0", "GNU.sparse.map": "0,0"}
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode="w", format=tarfile.PAX_FORMAT) as made:
        made.addfile(info)
    return buffer.getvalue()


def test_a_sparse_file(refused):
    assert "member index is no plain file" in refused(sparse())


@pytest.mark.parametrize(
    ("end", "opener"), [(".tar.gz", gzip.open), (".tar.bz2", bz2.open), (".tar.xz", lzma.open)]
)
@pytest.mark.parametrize("where", ["member", "header", "end"])
def test_bombs(refused, tmp_path, end, opener, where, monkeypatch):
    monkeypatch.setattr(unpacking, "SMALL", 4 << 20)
    size = 32 << 20
    info = tarfile.TarInfo("index")
    if where == "header":
        info.type = tarfile.XHDTYPE
    info.size = size if where != "end" else 0
    with opener(tmp_path / "bomb", "wb") as bomb:
        bomb.write(info.tobuf())
        for _ in range(size >> 20):
            bomb.write(bytes(1 << 20))
    content = (tmp_path / "bomb").read_bytes()
    line = refused(content, end)
    assert ("a header of more than" if where == "header" else "bytes would come out of it") in line
    assert len(content) * unpacking.LARGEST_RATIO < size


def test_more_than_the_disk_has_free(refused, monkeypatch):
    usage = shutil.disk_usage("/")._replace(free=100_000)
    monkeypatch.setattr(shutil, "disk_usage", lambda path: usage)
    assert "more than 100000 bytes would come out of it" in refused(
        archive(("index", tarfile.REGTYPE, bytes(200_000)))
    )


def test_headers_of_headers(refused):
    info = tarfile.TarInfo("././@LongLink")
    info.type = tarfile.GNUTYPE_LONGNAME
    assert "damaged" in refused(info.tobuf() * 2000)


def test_too_many_members(refused, monkeypatch):
    monkeypatch.setattr(unpacking, "MOST_MEMBERS", 10)
    assert "more than 10 members" in refused(archive(*((f"f{n}", tarfile.REGTYPE, b"") for n in range(11))))
