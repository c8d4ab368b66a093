"""Whatever is in a file: its reader answers rightly, or says in one line what is wrong."""

from pathlib import Path

from hostile import damaged, explained
from hypothesis import given

from pyserini_ltre.collection import read_queries

QUERIES = b"q1\tfirst query\nq2\tsecond query\n"


@given(damaged(QUERIES))
def test_queries(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "queries.tsv"
    path.write_bytes(content)
    with explained(tmp_path):
        queries = read_queries(path)
        assert all(id and text for id, text in queries.items())
