"""Whatever is in a sharded index: it is opened and searched rightly, or refused in one line."""

import json
from pathlib import Path

import faiss
import numpy as np
import pytest
import torch
from hostile import damaged, damaged_json, explained
from hypothesis import given
from hypothesis import strategies as st

from pyserini_ltre.index import IndexDirectory, open_directory
from pyserini_ltre.index.check import describe
from pyserini_ltre.index.sharded.convert import shard
from pyserini_ltre.index.writing import write_index_directory

VECTORS = np.random.default_rng(4).normal(size=(90, 8)).astype(np.float32)
RECORD = {"name": "tiny", "pooling": "mean", "normalise": False, "prefix": "", "max_length": 64}


@pytest.fixture(scope="module")
def whole(tmp_path_factory: pytest.TempPathFactory) -> dict[str, bytes]:
    """The files of a sharded index."""
    index = faiss.IndexFlatIP(8)
    index.add(VECTORS)
    folder = tmp_path_factory.mktemp("whole")
    write_index_directory(folder / "index", index, [f"d{row}" for row in range(90)], RECORD)
    shard(IndexDirectory(folder / "index"), 3, folder / "sharded")
    files = [path for path in (folder / "sharded").rglob("*") if path.is_file()]
    return {str(path.relative_to(folder / "sharded")): path.read_bytes() for path in files}


def try_it(folder: Path, files: dict[str, bytes]) -> None:
    for name, content in files.items():
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_bytes(content)
    with explained(folder):
        assert describe(folder)
    with explained(folder):
        directory = open_directory(folder)
        assert len(directory.row_of) == len(directory.docids) == 90
        _ = directory.record, directory.fingerprint, directory.merged()
        scores, rows = directory.open().search(torch.from_numpy(VECTORS[:2]), 5)
        assert scores.shape == rows.shape == (2, 5)
        assert ((rows >= -1) & (rows < 90)).all()


@given(st.data())
def test_manifest(tmp_path: Path, whole: dict[str, bytes], data: st.DataObject) -> None:
    content = whole["manifest.json"]
    kinds = damaged(content) | damaged_json(json.loads(content))
    try_it(tmp_path, {**whole, "manifest.json": data.draw(kinds)})


@given(st.sampled_from(["index", "docid", "encoder.json"]), st.data())
def test_shard(tmp_path: Path, whole: dict[str, bytes], which: str, data: st.DataObject) -> None:
    name = f"shards/00001/{which}"
    try_it(tmp_path, {**whole, name: data.draw(damaged(whole[name]))})


@given(st.data())
def test_fetched(tmp_path: Path, whole: dict[str, bytes], data: st.DataObject) -> None:
    """What is fetched is what was uploaded, or refused."""
    name = data.draw(st.sampled_from(["manifest.json", "shards/00001/index", "shards/00002/docid"]))
    kinds = damaged(whole[name])
    if name == "manifest.json":
        kinds |= damaged_json(json.loads(whole[name]))
    for file, content in {**whole, name: data.draw(kinds)}.items():
        (tmp_path / file).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / file).write_bytes(content)
    with explained(tmp_path):
        directory = open_directory(f"file://{tmp_path}")
        directory.check_sums()
        assert len(directory.docids) == len(directory.row_of) == 90
