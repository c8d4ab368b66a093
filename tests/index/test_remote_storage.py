"""A sharded index at a URL on two nodes with a disk each: a node fetches what it is to search, once, whoever dies."""

import threading
import time
from itertools import chain

import pytest
import ray_clusters
import torch
from slow_storage import SlowStorage
from test_remote import QUERIES, workers_of, write

from pyserini_ltre.cluster import connected
from pyserini_ltre.errors import InputError
from pyserini_ltre.index import open_directory
from pyserini_ltre.index.opening import opened_directory
from pyserini_ltre.index.remote import fetching
from pyserini_ltre.index.remote import workers as workers_module
from pyserini_ltre.index.remote.directory import RemoteDirectory
from pyserini_ltre.index.remote.placement import Node, placed


@pytest.fixture(scope="module")
def storage(tmp_path_factory):
    made = SlowStorage(tmp_path_factory.mktemp("storage"))
    made.use_here()
    return made


@pytest.fixture(scope="module")
def homes(tmp_path_factory):
    return {name: tmp_path_factory.mktemp(name) for name in ("first", "second")}


@pytest.fixture(scope="module")
def nodes(storage, homes):
    def told(name):
        return {"env_vars": {"PYSERINI_LTRE_HOME": str(homes[name]), "PYTHONPATH": str(storage.folder)}}

    # One of them has a GPU, as far as Ray knows.
    first, second = told("first"), {**told("second"), "num_gpus": 2}
    with ray_clusters.cluster("first", "second", first=first, second=second) as made, connected(made.address):
        yield made


@pytest.fixture
def sharded(tmp_path, storage):
    """An index that no node has."""
    path = write(tmp_path, docids=[f"{tmp_path.name}-{row}" for row in range(500)])
    storage.opened()
    return path


def url_of(path):
    return f"slow://{path}"


def held_by(homes, directory):
    return {
        name: sorted(
            int(path.name) for path in (home / "indexes" / directory.path.name / "shards").glob("0*")
        )
        for name, home in homes.items()
    }


def test_each_node_fetches_its_shards_once(nodes, homes, storage, sharded):
    expected = open_directory(sharded).open().search(QUERIES, 50)
    with opened_directory(url_of(sharded), "unused") as directory:
        placed_on = {worker.node.name: sorted(worker.shards) for worker in workers_of(directory)}
        assert held_by(homes, directory) == placed_on
        assert {len(shards) for shards in placed_on.values()} == {1, 2}
        for one, other in zip(directory.open().search(QUERIES, 50), expected, strict=True):
            assert torch.equal(one, other)
        assert directory.fingerprint == open_directory(sharded).fingerprint
    assert len(storage.opened()) == 9
    with opened_directory(url_of(sharded), "unused") as directory:
        assert held_by(homes, directory) == placed_on
    assert storage.opened() == []


def test_a_worker_that_dies_in_the_middle_of_fetching_is_replaced(nodes, homes, storage, sharded):
    hold = sharded / "shards" / "00000" / "index.hold"
    ended = []

    def kill():
        end = time.monotonic() + 60
        while not ended and time.monotonic() < end:
            for file in chain(
                *(home.glob("indexes/*/shards/.00000.*.partial/index") for home in homes.values())
            ):
                for process in ray_clusters.processes("ray::ShardHolder"):
                    if str(file) in {one.path for one in process.open_files()}:
                        process.kill()
                        ended.append(file)
            time.sleep(0.01)
        hold.unlink()

    hold.touch()
    thread = threading.Thread(target=kill)
    thread.start()
    directory = RemoteDirectory(url_of(sharded))
    thread.join()
    assert ended and not ended[0].exists()
    assert sorted(chain(*held_by(homes, directory).values())) == [0, 1, 2]
    expected = open_directory(sharded).open().search(QUERIES, 50)[1]
    assert torch.equal(directory.open().search(QUERIES, 50)[1], expected)
    directory.close()


def test_a_wrong_sum_names_node_shard_and_url(nodes, homes, sharded):
    file = sharded / "shards" / "00002" / "index"
    content = file.read_bytes()
    file.write_bytes(content[:-1] + bytes([content[-1] ^ 1]))
    with pytest.raises(InputError, match=rf"^node \w+: slow://{sharded}/shards/00002/index: sha256"):
        RemoteDirectory(url_of(sharded))
    file.write_bytes(content)
    RemoteDirectory(url_of(sharded)).close()


def test_what_one_node_cannot_fetch_another_does(nodes, homes, sharded):
    # Its folder for indexes is a file: nothing can be put there.
    folder = homes["second"] / "indexes"
    folder.rename(homes["second"] / "away") if folder.exists() else None
    folder.write_text("")
    try:
        directory = RemoteDirectory(url_of(sharded))
        assert {worker.node.name: len(worker.shards) for worker in workers_of(directory)} == {
            "first": 3,
            "second": 0,
        }
        directory.close()
        with pytest.raises(InputError) as refused:
            RemoteDirectory("slow:///nowhere")
        assert str(refused.value).startswith("slow:///nowhere/manifest.json: no such file")
        (sharded / "shards" / "00001" / "index").unlink()
        for path in homes["first"].glob("indexes/*/shards/00001"):
            (path / "docid").unlink()
        with pytest.raises(InputError) as refused:
            RemoteDirectory(url_of(sharded))
        line = str(refused.value)
        assert "node first: slow://" in line and "node second: " in line and "copy that shard" not in line
    finally:
        folder.unlink()


def test_a_fetch_that_does_not_end_is_given_up(nodes, sharded, storage, monkeypatch):
    monkeypatch.setattr(fetching, "PATIENCE", 1.0)
    monkeypatch.setattr(workers_module, "DEATHS", 0)
    line = r"1 workers died over fetching slow://.* \(no answer in time\)"
    with storage.held(sharded / "shards" / "00001" / "docid"), pytest.raises(InputError, match=line):
        RemoteDirectory(url_of(sharded))


def test_of_equals_the_node_that_has_a_shard_is_taken():
    one, two = Node("a", "one", 1), Node("b", "two", 1)
    both = {0: [one, two], 1: [one, two]}
    assert placed({0: 10, 1: 10}, both, {}, {"a": {0, 1}, "b": {1}}) == {0: two, 1: one}
    assert placed({0: 10, 1: 10}, both, {"b": 5}, {"a": {0, 1}, "b": set()}) == {0: one, 1: two}


def test_only_gpus_are_asked_for_where_they_are_to_search(nodes, sharded):
    # There is none: the worker, on the node of which Ray thinks that it has some, says so.
    with pytest.raises(InputError, match=r"^node second: torch finds no CUDA device here"):
        RemoteDirectory(sharded, "cuda")
    directory = RemoteDirectory(sharded)
    directory.workers.device = "cuda"
    with pytest.raises(InputError, match="`ray_device` cuda: FAISS searches on processors only"):
        directory.open("faiss")
    directory.close()
