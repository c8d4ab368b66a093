"""Whatever is in a .npy file of vectors: it is read rightly, or one line says what is wrong."""

import io
from pathlib import Path

import numpy as np
import pytest
from hostile import damaged, explained
from hypothesis import given

from pyserini_ltre.errors import InputError
from pyserini_ltre.index.originals import read_vectors


def saved(array: np.ndarray) -> bytes:
    file = io.BytesIO()
    np.save(file, array)
    return file.getvalue()


WHOLE = saved(np.arange(12, dtype=np.float32).reshape(3, 4))


@given(damaged(WHOLE) | damaged(WHOLE[:128]).map(lambda header: header + WHOLE[128:]))
def test_vectors(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "vectors.npy"
    path.write_bytes(content)
    with explained(tmp_path):
        vectors = read_vectors(path, 4)
        assert vectors.shape[1] == 4 and vectors.dtype in (np.float32, np.float16)
        vectors.sum()


@pytest.mark.parametrize(
    ("old", "new"),
    [
        (b"(3, 4)", b"(9999999999999, 4)"),
        (b"(3, 4)", b"(-3, 4)"),
        (b"(3, 4)", b"(0, 4)"),
        (b"'<f4'", b"'|O'"),
        (b"'<f4'", b"{}"),
        (b"{", b"(" * 60),
        (b"{", b"-" * 60),
        (b"\x93NUMPY\x01", b"PK\x03\x04"),
        (WHOLE, b""),
    ],
)
def test_damaged_headers(tmp_path: Path, old: bytes, new: bytes) -> None:
    path = tmp_path / "vectors.npy"
    longer = len(new) - len(old)
    content = WHOLE.replace(old, new)
    path.write_bytes(content.replace(b" " * longer, b"", 1) if longer > 0 else content)
    if new == b"(0, 4)":
        assert len(read_vectors(path, 4)) == 0
        return
    with pytest.raises(InputError, match=r"vectors\.npy: ") as refused:
        read_vectors(path, 4)
    assert "\n" not in str(refused.value)
