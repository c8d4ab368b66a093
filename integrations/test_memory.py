"""A training step on a million vectors takes little memory of its own: the index stays in its file.

Run with ``pytest integrations/test_memory.py`` (about a minute, 1.6 GB on disk, no network).
"""

import subprocess
import sys

import faiss
import numpy as np
import pytest

from pyserini_ltre.index.writing import write_index_directory

DOCUMENTS, DIMENSION = 1_000_000, 384
ALLOWED_MB = 500
RECORD = {"name": "none", "pooling": "mean", "normalise": True, "prefix": "", "max_length": 256}

# Anonymous memory is what the process itself holds; pages of the mapped index file are not part of it, the system
# takes them back when it needs them. A thread watches the peak while the steps run.
STEPS = """
import sys, threading, time
import torch
from pyserini_ltre.index import IndexDirectory
from pyserini_ltre.index.check import check_vectors

def anonymous_mb():
    with open("/proc/self/status") as status:
        return next(int(line.split()[1]) for line in status if line.startswith("RssAnon")) / 1000

def watch():
    global peak
    while True:
        peak = max(peak, anonymous_mb())
        time.sleep(0.002)

before = peak = anonymous_mb()
threading.Thread(target=watch, daemon=True).start()
directory = IndexDirectory(sys.argv[1])
index = directory.open(sys.argv[2])
print("open", round(peak - before))
check_vectors(index, directory)
print("check", round(peak - before))
directory.fingerprint, directory.row_of
generator = torch.Generator().manual_seed(0)
for step in range(3):
    queries = torch.nn.functional.normalize(torch.randn(32, index.dimension, generator=generator), dim=1)
    queries.requires_grad_()
    scores, rows = index.search(queries, 200)
    torch.einsum("bd,bkd->bk", queries, index.vectors(rows)).logsumexp(1).mean().backward()
print("steps", round(peak - before))
"""


@pytest.fixture(scope="module")
def directory(tmp_path_factory):
    path = tmp_path_factory.mktemp("million") / "index"
    index = faiss.IndexFlatIP(DIMENSION)
    generator = np.random.default_rng(0)
    for _ in range(0, DOCUMENTS, 50_000):
        vectors = generator.standard_normal((50_000, DIMENSION), dtype=np.float32)
        index.add(vectors / np.linalg.norm(vectors, axis=1, keepdims=True))
    write_index_directory(path, index, [f"document-{row}" for row in range(DOCUMENTS)], RECORD)
    return path


@pytest.mark.parametrize(
    ("backend", "copy_mb"), [("exact", 0), ("exact-bf16", DOCUMENTS * DIMENSION * 2 / 1e6)]
)
def test_steps_on_a_million_vectors_need_little_memory(directory, backend, copy_mb):
    done = subprocess.run(
        [sys.executable, "-c", STEPS, str(directory), backend], capture_output=True, text=True, check=True
    )
    grown = {name: int(value) for name, value in map(str.split, done.stdout.splitlines())}
    print(backend, grown)
    assert grown["steps"] - copy_mb < ALLOWED_MB
