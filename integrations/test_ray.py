"""Ray in real processes: two nodes, three shards, and SIGKILL for whoever takes part, in the middle of its work.

Run with ``pytest integrations/test_ray.py`` (half an hour on two busy cores, no network; needs the extra `ray`).
"""

import json
import os
import random
import signal
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import psutil
import pytest
from conftest import Commands
from test_kills import content

from pyserini_ltre.workflow.commands import packaged_encoder

sys.path.append(str(Path(__file__).parents[1] / "tests"))
import ray_clusters

# Worker and learner compute on one thread each, as a training on one machine with one thread does.
TRAIN = (
    "--trainable=encoder --max-grad-norm=1 --epochs=4 --evaluations=8 --search-backend=exact --resume".split()
)
WORKER, ENCODER = "ray::ShardHolder", "ray::WindowEncoder"


@pytest.fixture(scope="module")
def shards(commands: Commands, demo: tuple[Path, float], tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The demo's index in three shards."""
    path = tmp_path_factory.mktemp("shards") / "sharded"
    commands.run("pyserini_ltre.index", "shard", "--index", demo[0] / "index", "--shards=3", "--output", path)
    return path


@pytest.fixture
def nodes() -> Iterator[Any]:
    """Two nodes; a test may kill the second."""
    with ray_clusters.cluster("first", "second") as made:
        yield made


@pytest.fixture(scope="module")
def training(demo: tuple[Path, float]) -> tuple[object, ...]:
    """A training of the whole encoder, but for index, Ray and output."""
    files = [
        f"--{side}queries={demo[0]}/topics.{split}.tsv" for side, split in (("", "train"), ("dev-", "dev"))
    ]
    files += [
        f"--{side}qrels={demo[0]}/qrels.{split}.txt" for side, split in (("", "train"), ("dev-", "dev"))
    ]
    return ("pyserini_ltre.train", "adore", f"--encoder={packaged_encoder()}", *files, *TRAIN)


@pytest.fixture(scope="module")
def trained(
    commands: Commands,
    demo: tuple[Path, float],
    training: tuple[object, ...],
    tmp_path_factory: pytest.TempPathFactory,
) -> Path:
    """What the training leaves without Ray, over the index in one piece."""
    output = tmp_path_factory.mktemp("trained") / "out"
    commands.run(*training, f"--index={demo[0]}/index", f"--output={output}")
    return output


def weights(path: Path) -> bytes:
    return (path / "model.safetensors").read_bytes()


def processes(name: str) -> list[psutil.Process]:
    """Processes of workers that the test's cluster has started."""
    mine = psutil.Process().children(recursive=True)
    return [
        one
        for one in mine
        if one.status() != "zombie" and one.cmdline()[:1] and one.cmdline()[0].startswith(name)
    ]


def wait_for(what: Any, seconds: float = 240.0) -> Any:
    """Wait until something is true, and give it."""
    end = time.monotonic() + seconds
    while not (found := what()):
        assert time.monotonic() < end, "waited in vain"
        time.sleep(0.1)
    return found


def checkpoint_of(output: Path) -> bool:
    """Whether a training has left its first checkpoint: it is in the middle."""
    return any(output.with_name(f"{output.name}.checkpoints").glob("checkpoint-*/complete"))


@pytest.mark.parametrize("victim", ["worker", "node", "learner"])
def test_a_training_ends_with_the_same_weights(
    victim: str,
    nodes: Any,
    commands: Commands,
    shards: Path,
    training: tuple[object, ...],
    trained: Path,
    tmp_path: Path,
) -> None:
    output = tmp_path / "out"
    arguments = (*training, f"--index={shards}", f"--ray={nodes.address}", f"--output={output}")
    process = commands.start(*arguments)
    wait_for(lambda: checkpoint_of(output))
    assert process.poll() is None
    if victim == "worker":
        assert len(processes(WORKER)) == 2
        ray_clusters.kill(processes(WORKER)[0].pid)
    elif victim == "node":
        nodes.remove_node(nodes.worker_nodes.copy().pop(), allow_graceful=False)
    else:
        os.killpg(process.pid, signal.SIGKILL)
        process.communicate()
        assert not output.exists()
        wait_for(lambda: not processes(WORKER), 60)
        process = commands.start(*arguments)
    _, error = process.communicate()
    assert process.returncode == 0, error.decode()[-2000:]
    assert weights(output) == weights(trained)
    assert not processes(WORKER)


@pytest.mark.parametrize("victim", ["worker", "driver"])
def test_an_encoding_ends_with_the_same_bytes(
    victim: str, nodes: Any, commands: Commands, tmp_path: Path
) -> None:
    collection = write_collection(tmp_path / "collection")
    encode = (
        *("pyserini_ltre.encode", f"--collection={collection}", f"--encoder={packaged_encoder()}"),
        *("--backend=torch", "--shards=5"),
    )
    commands.run(*encode, f"--output={tmp_path}/whole")
    output = tmp_path / "out"
    kept = output.with_name("out.shards")
    process = commands.start(*encode, f"--output={output}", f"--ray={nodes.address}")
    wait_for(lambda: (kept / "00000").is_dir())
    before = {path.name: path.stat().st_ino for path in kept.glob("0*/index")}
    assert process.poll() is None and not output.exists()
    if victim == "worker":
        ray_clusters.kill(wait_for(lambda: processes(ENCODER))[0].pid)
    else:
        os.killpg(process.pid, signal.SIGKILL)
        process.communicate()
        assert not output.exists()
        before = {path.parent.name: path.stat().st_ino for path in kept.glob("0*/index")}
        assert 1 <= len(before) < 5
        process = commands.start(*encode, f"--output={output}", f"--ray={nodes.address}")
    _, error = process.communicate()
    assert process.returncode == 0, error.decode()[-2000:]
    assert content(output) == content(tmp_path / "whole")
    # What was there was not written again: it is the same file.
    for name in before if victim == "driver" else ():
        assert (output / "shards" / name / "index").stat().st_ino == before[name]


def write_collection(path: Path) -> Path:
    """Documents enough for several windows, short enough for a minute."""
    path.mkdir()
    words = "open read sort list index vector queue tree file hash".split()
    drawn = random.Random(3)
    with open(path / "corpus.jsonl", "w") as file:
        for number in range(20_000):
            text = " ".join(drawn.choices(words, k=drawn.randint(1, 8)))
            file.write(json.dumps({"_id": f"d{number}", "title": "", "text": text}) + "\n")
    (path / "queries.jsonl").write_text(json.dumps({"_id": "1", "text": "sort"}) + "\n")
    (path / "qrels").mkdir()
    return path


def test_ray_that_is_started_here_ends_with_the_command(
    commands: Commands, shards: Path, training: tuple[object, ...], trained: Path, tmp_path: Path
) -> None:
    commands.run(*training, f"--index={shards}", "--ray=local", f"--output={tmp_path}/out")
    assert weights(tmp_path / "out") == weights(trained)
    assert not processes(WORKER)
