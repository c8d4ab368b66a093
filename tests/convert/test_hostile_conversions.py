"""Whatever is in a published file: it is converted rightly, or one line says what is wrong, and nothing is run."""

import pickle
import struct
import time
from pathlib import Path

import numpy as np
import pytest
from hostile import damaged, explained
from hypothesis import example, given
from hypothesis import strategies as st

from pyserini_ltre.convert.ids import read_ids
from pyserini_ltre.convert.ranks import convert_ranks
from pyserini_ltre.convert.vectors import convert_vectors, open_vectors
from pyserini_ltre.errors import InputError
from pyserini_ltre.index import IndexDirectory

ROW_OF = {7: 0, 0: 2, 8_000: 1}
PICKLES = [
    pickle.dumps({kind(number): row for number, row in ROW_OF.items()}, protocol)
    for kind in (int, np.int32)
    for protocol in ((0, 2, 4) if kind is int else (3, 4))
]
IDS = ["a", "b", "c"]


@given(st.sampled_from(PICKLES).flatmap(damaged))
@example(b"\x80\x04}" + b")" + b"\x85" * 3_000_000 + b"K\x00s.")
@example(b"\x80\x04}" + b"]" + b"a" * 10 + b"K\x00s.")
@example(b"\x80\x02}r\xff\xff\xff\xff.")
@example(b"}K\x00" + b"]" * 100_000 + b"a" * 99_999 + b"s.")
@example(b"}" + b"\x8b" + struct.pack("<i", 4000) + b"\x7f" * 4000 + b"K\x00s.")
@example(b"}\x8ac" + b"\x7f" * 99 + b"K\x00s.")
def test_pickles(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "pid2offset.pickle"
    path.write_bytes(content)
    start = time.monotonic()
    with explained(tmp_path):
        ids = read_ids(path)
        assert all(int(id) < 2**64 for id in ids)
    assert time.monotonic() - start < 10


def test_no_key_is_nested_deep_however_it_is_made(tmp_path: Path) -> None:
    # Each tuple is the argument of a call, is remembered, and goes into the next one.
    kind = b"cnumpy\ndtype\n\x94"
    first = b"(\x8c\x02i4K\x00t\x94R0"
    deeper = b"".join(b"h\x00\x8c\x02i4j%b\x86\x94R0" % struct.pack("<I", n) for n in range(1, 9))
    (tmp_path / "x.pickle").write_bytes(b"\x80\x04" + kind + first + deeper + b"}j\x05\0\0\0K\x00s.")
    with pytest.raises(InputError, match=r"x\.pickle: names an argument for numpy\.dtype"):
        read_ids(tmp_path / "x.pickle")


@given(st.binary(max_size=64))
def test_vectors_and_their_ids(tmp_path: Path, content: bytes) -> None:
    (tmp_path / "in").mkdir(exist_ok=True)
    (tmp_path / "in" / "passages.memmap").write_bytes(content)
    (tmp_path / "in" / "ids.memmap").write_bytes(content[::8])
    output = tmp_path / "out" / "index"
    with explained(tmp_path / "in"):
        vectors = open_vectors(tmp_path / "in" / "passages.memmap", 2)
        convert_vectors(vectors, read_ids(tmp_path / "in" / "ids.memmap"), output, overwrite=True)
        assert IndexDirectory(output).faiss_index.ntotal == len(content) // 8
    assert not list((tmp_path / "out").glob(".*"))


@given(damaged(b"0\t0\t1\n0\t2\t2\n2\t1\t1\n"))
def test_ranks(tmp_path: Path, content: bytes) -> None:
    (tmp_path / "in").mkdir(exist_ok=True)
    ranks, run = tmp_path / "in" / "dev.rank.tsv", tmp_path / "run.txt"
    ranks.write_bytes(content)
    run.unlink(missing_ok=True)
    with explained(tmp_path / "in"):
        convert_ranks(ranks, IDS, IDS, run, "tag")
        assert all(line.split()[0] in IDS and line.split()[2] in IDS for line in run.read_text().splitlines())


@given(damaged(b"a\nb\nc\n"))
def test_ids_of_a_text_file(tmp_path: Path, content: bytes) -> None:
    (tmp_path / "ids.txt").write_bytes(content)
    with explained(tmp_path):
        assert all(len(id.split()) == 1 for id in read_ids(tmp_path / "ids.txt"))
