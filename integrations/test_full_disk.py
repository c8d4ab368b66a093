"""Every command on a disk without room: one line, exit status 2, and nothing is left or changed.

Run with ``pytest integrations/test_full_disk.py`` as root, who may mount a small file system in memory (20 minutes,
no network).
"""

import os
import re
import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path

import faiss
import numpy as np
import pytest
from conftest import FUNCTIONS, Commands

from pyserini_ltre.workflow.commands import packaged_encoder

# Bytes that are left on the disk: none, and enough to begin with.
ROOM = (0, 16384)


# What the next run goes on from, where there was room for any of it; of several outputs, one that is whole.
KEPT = {"train": "output.checkpoints", "demo": "output", "reproduce": "output", "eval": "output"}


@pytest.fixture(params=ROOM)
def disk(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Path]:
    """A full file system."""
    place = tmp_path / "disk"
    place.mkdir()
    mount = ["mount", "-t", "tmpfs", "-o", "size=1m", "tmpfs", place]
    if os.geteuid() != 0 or subprocess.run(mount, check=False).returncode:
        pytest.skip("no right to mount a file system")
    try:
        with open(place / "filler", "wb") as filler:
            filler.write(b"\0" * (2**20 - request.param))
        yield place
    finally:
        subprocess.run(["umount", place], check=True)


@pytest.fixture(scope="module")
def readable(demo: tuple[Path, float], tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The demo's results, and what else the commands read."""
    folder = tmp_path_factory.mktemp("read") / "demo"
    shutil.copytree(demo[0], folder)
    index = faiss.read_index(str(folder / "index" / "index"))
    index.reconstruct_n().astype("float32").tofile(folder / "passages.memmap")
    np.savetxt(folder / "ranks.tsv", [(q, d, d + 1) for q in range(9) for d in range(200)], "%d", "\t")
    return folder


def commands_of(read: Path) -> dict[str, tuple[object, ...]]:
    """Every command that writes, but for its ``--output``."""
    queries, qrels = f"--queries={read}/topics.train.tsv", f"--qrels={read}/qrels.train.txt"
    encoder, index = f"--encoder={packaged_encoder()}", f"--index={read}/index"
    dev = (f"--dev-queries={read}/topics.dev.tsv", f"--dev-qrels={read}/qrels.dev.txt")
    collection, runs = (
        f"--collection={read}/collection",
        ("--runs", read / "runs/frozen.txt", read / "runs/bm25.txt"),
    )
    train = "pyserini_ltre.train"
    judged = (index, encoder, queries, qrels, *dev, "--epochs=1")
    run = read / "runs/frozen.txt"
    many = ("--measures", *(f"nDCG@{cutoff}" for cutoff in range(1, 60)))  # more than there is room for
    ids = (f"--docids={read}/index/docid", f"--qids={read}/index/docid")
    return {
        "encode": ("pyserini_ltre.encode", encoder, collection),
        "index compress": ("pyserini_ltre.index", "compress", index, "--factory=SQ8"),
        "mine": ("pyserini_ltre.mine", encoder, index, queries, qrels),
        "queries": ("pyserini_ltre.queries", collection),
        "train adore": (train, "adore", *judged),
        "train adore, adapter": (train, "adore", "--trainable=adapter", *judged),
        "train distil": (train, "distil", index, encoder, collection, "--trainable=adapter", "--epochs=1"),
        "train warmup": (train, "warmup", collection, encoder, queries, qrels, *dev, "--epochs=1"),
        "eval": (
            "pyserini_ltre.eval",
            f"--qrels={read}/qrels.test.txt",
            *runs,
            "--per-query={}.csv",
            *many,
        ),
        "run fuse": ("pyserini_ltre.run", "fuse", *runs),
        "run convert": ("pyserini_ltre.run", "convert", run),
        "run package": ("pyserini_ltre.run", "package", run),
        "convert index": (
            "pyserini_ltre.convert",
            "index",
            read / "passages.memmap",
            ids[0],
            "--dimension=384",
        ),
        "convert ranks": ("pyserini_ltre.convert", "ranks", read / "ranks.tsv", *ids),
        "demo": ("pyserini_ltre.demo", "--limit", FUNCTIONS),
        "reproduce": ("pyserini_ltre.reproduce", "--condition", "frozen", "--collection", "python-stdlib"),
    }


@pytest.mark.parametrize("name", commands_of(Path("read")))
def test_a_full_disk(name: str, disk: Path, readable: Path, commands: Commands) -> None:
    before = {path: path.read_bytes() for path in readable.rglob("*") if path.is_file()}
    output = disk / "output"
    arguments = [str(part).format(output) for part in commands_of(readable)[name]]
    process = commands.start(*arguments, f"--output={output}")
    _, error = process.communicate()
    # The matrix goes on with other conditions; in the end it says with 1 that some have failed.
    stage_failed = name == "reproduce" and b"the command above ended with status 2" in error
    assert process.returncode == (1 if stage_failed else 2), error.decode()[-2000:]
    assert b"Traceback" not in error
    (line,) = set(re.findall(r"pyserini_ltre: (no space left[^\r\n]*)", error.decode()))
    left = {path.name for path in disk.iterdir()} - {"filler"}
    if disk.joinpath("filler").stat().st_size < 2**20:
        left -= {KEPT.get(name.split()[0])}
    assert not left, "something is left"
    assert "--resume" not in line or (disk / "output.checkpoints").is_dir()
    assert {path: path.read_bytes() for path in readable.rglob("*") if path.is_file()} == before
