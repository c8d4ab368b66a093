"""Whatever is in an index directory: it is opened and searched rightly, or refused in one line."""

import json
from pathlib import Path

import faiss
import numpy as np
import pytest
import torch
from hostile import damaged, damaged_json, explained
from hypothesis import given
from hypothesis import strategies as st

from pyserini_ltre.errors import InputError
from pyserini_ltre.index import IndexDirectory
from pyserini_ltre.index.writing import write_index_directory

VECTORS = np.random.default_rng(4).normal(size=(300, 8)).astype(np.float32)
DOCIDS = [f"d{row}" for row in range(len(VECTORS))]
RECORD = {"name": "tiny", "pooling": "mean", "normalise": False, "prefix": "", "max_length": 64}


@pytest.fixture(
    scope="module", params=["Flat", "IVF4,Flat", "PQ4x2", "HNSW8", "OPQ4_8,PQ4x2", "SQ8", "IDMap,Flat"]
)
def whole(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> dict[str, bytes]:
    """The files of an index directory of each kind."""
    index = faiss.index_factory(VECTORS.shape[1], request.param, faiss.METRIC_INNER_PRODUCT)
    index.train(VECTORS)
    if isinstance(index, faiss.IndexIDMap):
        index.add_with_ids(VECTORS, np.arange(len(VECTORS)))
    else:
        index.add(VECTORS)
    folder = tmp_path_factory.mktemp("whole") / "index"
    write_index_directory(folder, index, DOCIDS, RECORD)
    return {path.name: path.read_bytes() for path in folder.iterdir()}


@given(st.sampled_from(["index", "docid", "encoder.json"]), st.data())
def test_index_directory(tmp_path: Path, whole: dict[str, bytes], which: str, data: st.DataObject) -> None:
    kinds = damaged(whole[which])
    if which == "encoder.json":
        kinds |= damaged_json(json.loads(whole[which]))
    for name, content in {**whole, which: data.draw(kinds)}.items():
        (tmp_path / name).write_bytes(content)
    with explained(tmp_path):
        directory = IndexDirectory(tmp_path)
        assert len(directory.row_of) == len(directory.docids) == directory.faiss_index.ntotal
        assert directory.record is None or directory.record.name
        opened = directory.open()
        scores, rows = opened.search(torch.from_numpy(VECTORS[:2]), 5)
        assert scores.shape == rows.shape == (2, 5)
        assert ((rows >= -1) & (rows < len(directory.docids))).all()
        assert opened.vectors(rows.clamp(min=0)).shape == (2, 5, opened.dimension)


@pytest.mark.parametrize(
    ("name", "content", "fault"),
    [
        ("docid", b"\xff\n" * 300, "docid: not UTF-8"),
        ("docid", b"d1\n" * 300, "docid: a document id is there twice"),
        ("encoder.json", b"\xff", "encoder.json: not UTF-8"),
        ("encoder.json", b"[1]", "encoder.json: a list where a JSON object belongs"),
        ("index", b"IxPo", "index: FAISS cannot read it"),
        ("index", b"", "index: FAISS cannot read it"),
    ],
)
def test_files_that_were_not_explained(
    tmp_path: Path, whole: dict[str, bytes], name: str, content: bytes, fault: str
) -> None:
    for file, usual in {**whole, name: content}.items():
        (tmp_path / file).write_bytes(usual)
    with pytest.raises(InputError, match=fault):
        directory = IndexDirectory(tmp_path)
        _ = directory.row_of, directory.record
