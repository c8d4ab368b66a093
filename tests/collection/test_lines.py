import gzip

import pytest

from pyserini_ltre.collection import read_qrels, read_queries
from pyserini_ltre.collection.lines import numbered_lines
from pyserini_ltre.errors import InputError


def test_gzipped_files_are_read_like_plain_ones(tmp_path):
    with gzip.open(tmp_path / "qrels.txt.gz", "wt") as file:
        file.write("0007 0 NA 1\n")
    with gzip.open(tmp_path / "queries.jsonl.gz", "wt") as file:
        file.write('{"_id": "0007", "text": "seven"}\n')
    assert read_qrels(tmp_path / "qrels.txt.gz") == {"0007": {"NA": 1}}
    assert read_queries(tmp_path / "queries.jsonl.gz") == {"0007": "seven"}


def test_a_truncated_gzip_is_named_with_the_line(tmp_path):
    path = tmp_path / "lines.gz"
    whole = gzip.compress("".join(f"{i * i} a line of text\n" for i in range(9999)).encode())
    path.write_bytes(whole[: len(whole) // 2])
    read = []
    with pytest.raises(InputError) as error:
        read.extend(numbered_lines(path))
    assert str(error.value).startswith(f"{path}:{len(read) + 1}: the gzip file is cut off; ")
    assert read


def test_what_is_not_gzip_or_damaged_is_named(tmp_path):
    path = tmp_path / "lines.gz"
    path.write_text("plain text")
    with pytest.raises(InputError, match=r"lines\.gz:1: damaged, or not a gzip file; "):
        list(numbered_lines(path))
    damaged = bytearray(gzip.compress(bytes(range(256)) * 99))
    damaged[40] ^= 0xFF
    path.write_bytes(damaged)
    with pytest.raises(InputError):
        list(numbered_lines(path))
