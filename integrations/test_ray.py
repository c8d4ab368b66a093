"""Ray in real processes: two nodes, three shards, and SIGKILL for whoever takes part, in the middle of its work.

Run with ``pytest integrations/test_ray.py`` (half an hour on two busy cores, no network; needs the extra `ray`).
"""

import contextlib
import json
import os
import random
import signal
import sys
import tempfile
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
from ray_clusters import processes
from slow_storage import SlowStorage

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
    """A training of the whole encoder, but for index, Ray and output.

    It is measured on the queries that it is trained on: of the demo's few dev queries, the frozen encoder answers all
    rightly, and would be kept.
    """
    files = [
        f"--{side}{kind}={demo[0]}/{name}.train.{end}"
        for side in ("", "dev-")
        for kind, name, end in (("queries", "topics", "tsv"), ("qrels", "qrels", "txt"))
    ]
    return ("pyserini_ltre.train", "adore", f"--encoder={packaged_encoder()}", *files, *TRAIN)


@pytest.fixture(scope="module")
def trained(
    commands: Commands, shards: Path, training: tuple[object, ...], tmp_path_factory: pytest.TempPathFactory
) -> Path:
    """What the training leaves without Ray, over the same shards."""
    output = tmp_path_factory.mktemp("trained") / "out"
    commands.run(*training, f"--index={shards}", f"--output={output}")
    assert record(output)["improved"]
    return output


def record(path: Path) -> dict[str, Any]:
    """What a training says of itself."""
    return json.loads((path / "pyserini_ltre.json").read_text())


def weights(path: Path) -> bytes:
    return (path / "model.safetensors").read_bytes()


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
    for name in ("loss_history", "dev_history"):
        assert record(output)[name] == record(trained)[name]
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


@pytest.fixture(scope="module")
def stdlib(
    commands: Commands, work: Path, tmp_path_factory: pytest.TempPathFactory
) -> tuple[Path, Path, tuple[object, ...]]:
    """python-stdlib in one piece and in three shards, and the training of an adapter but for the index."""
    folder = work / "python-stdlib"
    if not (folder / "index").is_dir():
        pytest.skip("python-stdlib is not in $LTRE_MATRIX, the work folder of the matrix")
    path = tmp_path_factory.mktemp("stdlib") / "sharded"
    commands.run("pyserini_ltre.index", "shard", f"--index={folder}/index", "--shards=3", f"--output={path}")
    judged = [
        f"--{side}{kind}={folder}/collection/{name}.{split}.{end}"
        for side, split in (("", "train"), ("dev-", "dev"))
        for kind, name, end in (("queries", "topics", "tsv"), ("qrels", "qrels", "txt"))
    ]
    return (
        folder / "index",
        path,
        ("adore", "--trainable=adapter", f"--encoder={packaged_encoder()}", *judged),
    )


def test_python_stdlib_comes_to_its_usual_dev_score(
    nodes: Any, commands: Commands, stdlib: tuple[Path, Path, tuple[object, ...]], tmp_path: Path
) -> None:
    index, sharded, train = stdlib
    ray = f"--ray={nodes.address}"
    commands.run("pyserini_ltre.train", *train, f"--index={index}", f"--output={tmp_path}/whole")
    commands.run("pyserini_ltre.train", *train, f"--index={sharded}", f"--output={tmp_path}/here")
    commands.run("pyserini_ltre.train", *train, f"--index={sharded}", ray, f"--output={tmp_path}/there")
    whole, here, there = (record(tmp_path / name) for name in ("whole", "here", "there"))
    print(whole["measures"], there["measures"])
    assert weights(tmp_path / "here") == weights(tmp_path / "there")
    assert here["measures"] == there["measures"] and here["dev_history"] == there["dev_history"]
    # A product of another shape rounds otherwise: here and there two documents change places, and the rest follows.
    assert whole["measures"]["before"] == there["measures"]["before"]
    for name, value in whole["measures"]["after"].items():
        assert there["measures"]["after"][name] == pytest.approx(value, abs=0.002)


def test_two_learners_share_the_shards_of_one_cluster(
    nodes: Any, commands: Commands, stdlib: tuple[Path, Path, tuple[object, ...]], tmp_path: Path
) -> None:
    """Data parallel, by torchrun: each process has half of the batch, and workers of its own over the same files."""
    _, sharded, train = stdlib
    where = (*train, f"--index={sharded}", f"--ray={nodes.address}", "--epochs=2", "--evaluations=2")
    torchrun = ("torch.distributed.run", "--nproc-per-node=2", "--standalone", "-m", "pyserini_ltre.train")
    commands.run("pyserini_ltre.train", *where, "--batch-size=32", f"--output={tmp_path}/one")
    commands.run(*torchrun, *where, "--batch-size=16", f"--output={tmp_path}/two")
    one, two = record(tmp_path / "one"), record(tmp_path / "two")
    print(one["dev_history"], two["dev_history"], one["seconds"], two["seconds"])
    assert one["improved"] and one["steps"] == two["steps"] and one["dev_history"][0] == two["dev_history"][0]
    for (_, ours), (_, theirs) in zip(one["dev_history"], two["dev_history"], strict=True):
        assert theirs == pytest.approx(ours, abs=0.005)
    wait_for(lambda: not processes(WORKER), 60)


@pytest.mark.parametrize("victim", ["worker", "learner"])
def test_a_fetch_that_is_cut_off_leaves_nothing_half_written(
    victim: str,
    commands: Commands,
    demo: tuple[Path, float],
    shards: Path,
    tmp_path_factory: pytest.TempPathFactory,
    tmp_path: Path,
) -> None:
    storage = SlowStorage(tmp_path_factory.mktemp("storage"))
    home = tmp_path / "home"
    told = {"env_vars": {"PYSERINI_LTRE_HOME": str(home), "PYTHONPATH": str(storage.folder)}}
    mine = (
        *(
            "pyserini_ltre.mine",
            f"--queries={demo[0]}/topics.train.tsv",
            f"--qrels={demo[0]}/qrels.train.txt",
        ),
        f"--encoder={packaged_encoder()}",
    )
    here = Commands(home)
    here.environment["PYTHONPATH"] = str(storage.folder)
    here.run(*mine, f"--index={shards}", f"--output={tmp_path}/expected.txt")
    hold = shards / "shards" / "00001" / "index.hold"
    partial = "indexes/*/shards/.00001.*.partial/index"
    with ray_clusters.cluster("first", "second", first=told, second=told) as nodes:
        there = (*mine, f"--index=slow://{shards}", f"--ray={nodes.address}", f"--output={tmp_path}/out.txt")
        hold.touch()
        try:
            process = here.start(*there)
            (file,) = wait_for(lambda: [*home.glob(partial)])
            if victim == "learner":
                os.killpg(process.pid, signal.SIGKILL)
                process.communicate()
                wait_for(lambda: not processes(WORKER), 60)
            else:
                fetching = [p for p in processes(WORKER) if str(file) in {one.path for one in p.open_files()}]
                fetching[0].kill()
        finally:
            hold.unlink()
        if victim == "learner":
            assert file.exists() and not file.parents[1].joinpath("00001").exists()
            process = here.start(*there)
        _, error = process.communicate()
        assert process.returncode == 0, error.decode()[-2000:]
        assert (tmp_path / "out.txt").read_bytes() == (tmp_path / "expected.txt").read_bytes()
        assert not [*home.rglob("*.partial")]
        storage.opened()
        here.run(*there, "--overwrite")
        assert storage.opened() == []


@pytest.fixture
def own_tmp() -> Iterator[Path]:
    """Where Ray notes which cluster was started last; its name is short, as those of sockets have to be."""
    with tempfile.TemporaryDirectory(prefix="r", dir="/tmp", ignore_cleanup_errors=True) as folder:
        yield Path(folder)


def raylets() -> list[psutil.Process]:
    """Whatever Ray runs on this machine, other users' included."""
    return [one for one in psutil.process_iter() if one.name() == "raylet" and one.status() != "zombie"]


def test_without_an_address_it_is_the_cluster_of_this_machine(
    demo: tuple[Path, float], shards: Path, own_tmp: Path, tmp_path: Path
) -> None:
    """Found where one runs; where none does, or did and was killed, a line says so in time."""
    commands = Commands(tmp_path / "home")
    commands.environment |= {"RAY_TMPDIR": str(own_tmp), "RAY_USAGE_STATS_ENABLED": "0"}
    mine = (
        *(
            "pyserini_ltre.mine",
            f"--queries={demo[0]}/topics.train.tsv",
            f"--qrels={demo[0]}/qrels.train.txt",
        ),
        *(f"--encoder={packaged_encoder()}", f"--index={shards}"),
    )
    others = raylets()
    head = commands.start("ray.scripts.scripts", "start", "--head", "--block", "--port=0", "--num-cpus=2")
    started: list[psutil.Process] = []
    try:
        wait_for(lambda: [*own_tmp.rglob("ray_current_cluster")] and len(raylets()) > len(others), 60)
        time.sleep(5)
        started = [psutil.Process(head.pid), *psutil.Process(head.pid).children(recursive=True)]
        commands.run(*mine, f"--output={tmp_path}/here.txt")
        commands.run(*mine, "--ray", f"--output={tmp_path}/there.txt")
        assert (tmp_path / "there.txt").read_bytes() == (tmp_path / "here.txt").read_bytes()
    finally:
        for one in started:
            with contextlib.suppress(psutil.NoSuchProcess):
                one.kill()
        head.kill()
        head.communicate()
    if others:
        pytest.skip("another cluster runs on this machine, which would be found")
    wait_for(lambda: not raylets(), 60)
    for left in ("what the dead one noted", "nothing"):
        begun = time.monotonic()
        process = commands.start(*mine, "--ray", f"--output={tmp_path}/none.txt")
        _, error = process.communicate()
        lines = error.decode().splitlines()
        assert process.returncode == 2 and len(lines) == 1, (left, lines)
        assert lines[0].startswith("pyserini_ltre: --ray auto: ") and "ray start" in lines[0]
        assert time.monotonic() - begun < 90 and not (tmp_path / "none.txt").exists()
        print(left, lines[0], time.monotonic() - begun)
        for file in own_tmp.rglob("ray_current_cluster"):
            file.unlink()
