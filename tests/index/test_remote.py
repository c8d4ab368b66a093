"""A sharded index on two nodes: found is what one machine finds, whoever dies, and nothing is found in silence."""

import json
import shutil
import time
from collections import Counter

import faiss
import numpy as np
import pytest
import ray_clusters
import torch

from pyserini_ltre.cluster import connected
from pyserini_ltre.errors import InputError
from pyserini_ltre.index import open_directory
from pyserini_ltre.index.check import check_vectors
from pyserini_ltre.index.directory import IndexDirectory
from pyserini_ltre.index.factory import empty_index
from pyserini_ltre.index.opening import opened_directory
from pyserini_ltre.index.remote import directory as directory_module
from pyserini_ltre.index.remote import workers as workers_module
from pyserini_ltre.index.remote.directory import RemoteDirectory
from pyserini_ltre.index.remote.holder import ShardHolder
from pyserini_ltre.index.remote.placement import Node, placed
from pyserini_ltre.index.remote.searching import split
from pyserini_ltre.index.seam import retrieve
from pyserini_ltre.index.sharded.convert import shard
from pyserini_ltre.index.sharded.manifest import read_manifest, sha256
from pyserini_ltre.index.writing import write_index_directory

DIMENSION = 32
VECTORS = np.random.default_rng(4).normal(size=(500, DIMENSION)).astype(np.float32)
VECTORS[7] = VECTORS[400]  # a tie between shards
QUERIES = torch.from_numpy(np.random.default_rng(5).normal(size=(40, DIMENSION)).astype(np.float32))
QUERIES[0] = torch.from_numpy(VECTORS[7])
RECORD = {"name": "tiny", "pooling": "mean", "normalise": False, "prefix": "", "max_length": 64}


def write(folder, kind="Flat", vectors=VECTORS, docids=None):
    index = empty_index(kind, DIMENSION)
    index.train(vectors)
    index.add(vectors)
    docids = docids or [f"d{row}" for row in range(len(vectors))]
    write_index_directory(folder / "whole", index, docids, RECORD)
    shard(IndexDirectory(folder / "whole"), 3, folder / "sharded")
    return folder / "sharded"


@pytest.fixture(scope="module")
def nodes():
    with ray_clusters.cluster("first", "second") as made, connected(made.address):
        yield made


@pytest.fixture(scope="module")
def sharded(tmp_path_factory):
    return write(tmp_path_factory.mktemp("sharded"))


@pytest.fixture(scope="module")
def remote(nodes, sharded):
    directory = RemoteDirectory(sharded)
    yield directory
    directory.close()


@pytest.fixture
def copy(tmp_path):
    return write(tmp_path)


@pytest.fixture
def held():
    """Makes what a worker holds, here; on as many threads as there are."""

    def made(path):
        return ShardHolder(path, read_manifest(path), torch.get_num_threads())

    threads = faiss.omp_get_max_threads()
    yield made
    faiss.omp_set_num_threads(threads)


def workers_of(directory):
    return list(directory.workers.workers.values())


def test_both_nodes_answer_and_find_what_one_machine_finds(remote, sharded):
    here = open_directory(sharded)
    assert {worker.node.name: len(worker.shards) for worker in workers_of(remote)} in (
        {"first": 1, "second": 2},
        {"first": 2, "second": 1},
    )
    wanted, found = here.open(), remote.open()
    for k in (1, 100, 600):
        scores, rows = wanted.search(QUERIES, k)
        their_scores, their_rows = found.search(QUERIES, k)
        assert torch.equal(rows, their_rows)
        assert torch.equal(scores, their_scores)
    assert len(found) == 500 and found.dimension == DIMENSION
    rows = torch.tensor([[499, 0, 0], [170, 166, 334]])
    assert torch.equal(wanted.vectors(rows), found.vectors(rows))
    # What is known of the index is the same, so that a training can go on with the one or the other.
    for name in ("fingerprint", "record", "dimension", "stored_whole", "index_bytes"):
        assert getattr(here, name) == getattr(remote, name)


def test_ids_are_asked_for(remote, sharded):
    here = open_directory(sharded)
    assert (
        len(remote.docids) == 500 and remote.docids[333] == "d333" and remote.docids[498:] == ["d498", "d499"]
    )
    assert remote.row_of.fetch(["d3", "d499", "none"]) == {"d3": 3, "d499": 499}
    assert remote.row_of["d200"] == 200 and "none" not in remote.row_of
    with pytest.raises(IndexError):
        remote.docids[500]
    qids = [f"q{number}" for number in range(40)]
    runs = [retrieve(directory.open(), directory.docids, qids, QUERIES, 20) for directory in (here, remote)]
    assert json.dumps(runs[0]) == json.dumps(runs[1])


def test_another_back_end_searches_there_too(remote):
    exact = remote.open().search(QUERIES, 20)[1]
    assert torch.equal(remote.open("faiss").search(QUERIES, 20)[1], exact)
    half = remote.open("exact-bf16").search(QUERIES, 20)[1]
    shared = [len({*one} & {*other}) for one, other in zip(exact.tolist(), half.tolist(), strict=True)]
    assert sum(shared) > 0.97 * exact.numel()
    with pytest.raises(InputError, match="`search_backend` other: use one of"):
        remote.open("other")


def test_a_worker_that_is_killed_is_replaced_and_the_step_repeated(remote, sharded):
    index = remote.open()
    expected = index.search(QUERIES, 50)
    for worker in workers_of(remote):
        ray_clusters.kill(ray_clusters.process_of(worker.actor))
        scores, rows = index.search(QUERIES, 50)
        assert torch.equal(rows, expected[1]) and torch.equal(scores, expected[0])
    assert Counter(number for worker in workers_of(remote) for number in worker.shards) == {0: 1, 1: 1, 2: 1}


def test_a_worker_that_hangs_is_not_waited_for_long(remote, monkeypatch):
    index = remote.open()
    expected = index.search(QUERIES, 50)[1]
    worker = workers_of(remote)[0]
    monkeypatch.setattr(workers_module, "ANSWERED", 3.0)
    worker.actor.__ray_call__.remote(lambda holder: time.sleep(60))
    assert torch.equal(index.search(QUERIES, 50)[1], expected)
    assert worker not in workers_of(remote)


def test_a_question_that_kills_every_worker_ends(remote, monkeypatch):
    monkeypatch.setattr(workers_module, "ANSWERED", 0.0)
    monkeypatch.setattr(workers_module, "DEATHS", 1)
    with pytest.raises(
        InputError, match=r"node (first|second): 2 workers died over search .*no answer in time"
    ):
        remote.open().search(QUERIES, 5)


def test_vectors_that_are_not_numbers_are_named(nodes, tmp_path):
    vectors = VECTORS.copy()
    vectors[200, 3] = np.nan
    path = write(tmp_path, vectors=vectors)
    with opened_directory(path, "unused") as directory:
        index = directory.open()
        with pytest.raises(InputError, match=r"node (first|second): .*/00001/index: scores are not numbers"):
            index.search(QUERIES, 200)
        with pytest.raises(InputError, match="document d200 is not finite"):
            check_vectors(index, directory, None)
        # Nor is a shard blamed for queries that are not numbers.
        assert index.search(QUERIES * torch.nan, 3)[0].shape == (40, 3)


def test_a_shard_that_lies_nowhere_is_named(nodes, copy):
    (copy / "shards" / "00002" / "index").unlink()
    with pytest.raises(InputError) as refused:
        RemoteDirectory(copy)
    fault = f"{copy}/shards/00002/index: missing"
    assert (
        str(refused.value)
        == f"node first: {fault}; node second: {fault}; copy that shard to one of the nodes"
    )
    (copy / "manifest.json").unlink()
    with pytest.raises(InputError, match=r"manifest\.json is missing"):
        RemoteDirectory(copy)


def swap(one, other):
    shutil.move(one, one.with_name("moved"))
    shutil.move(other, one)
    shutil.move(one.with_name("moved"), other)


def test_what_is_not_the_index_of_the_manifest_is_refused(copy, held):
    shards, whole = copy / "shards", dict.fromkeys(range(3))
    (shards / "00003").mkdir()
    with pytest.raises(InputError, match="/00003 is not in manifest"):
        held(copy).missing()
    (shards / "00003").rmdir()
    assert held(copy).missing() == {}
    swap(shards / "00001", shards / "00002")
    assert set(held(copy).missing()) <= {1, 2}
    with pytest.raises(InputError, match=r"/0000[12](/docid|/index)?: .*manifest.json"):
        held(copy).facts(whole)
    swap(shards / "00001", shards / "00002")
    manifest = json.loads((copy / "manifest.json").read_text())
    for field, value in (("dimension", 16), ("metric", "Euclidean distance")):
        (copy / "manifest.json").write_text(json.dumps({**manifest, field: value}))
        with pytest.raises(InputError, match=r"in manifest\.json"):
            held(copy).facts(whole)
    manifest["encoder"]["name"] = "another"
    (copy / "manifest.json").write_text(json.dumps(manifest))
    with pytest.raises(InputError, match="another encoder"):
        held(copy).facts(whole)


def test_a_compressed_index_is_searched_alike(tmp_path, held):
    path = write(tmp_path, "OPQ8,PQ8x4")
    scores, rows = open_directory(path).open().search(QUERIES, 600)
    found = held(path).search({0: 0, 1: 167, 2: 334}, QUERIES.numpy(), 600, "faiss")
    assert np.array_equal(found[0], scores) and np.array_equal(found[1], rows)
    assert (found[1][:, 500:] == -1).all()


class Directly:
    """Workers that are no processes."""

    def __init__(self, holder):
        self.holder, self.manifest = holder, holder.manifest

    def ask(self, method, shards, *shared):
        return [getattr(self.holder, method)({number: part}, *shared) for number, part in shards.items()]


def test_an_id_in_two_shards_is_named(copy, held, monkeypatch):
    monkeypatch.setattr(directory_module, "Workers", lambda path, manifest, device: Directly(held(path)))
    monkeypatch.setattr(directory_module, "SUMS", 100)
    assert RemoteDirectory(copy).row_of["d450"] == 450
    file = copy / "shards" / "00002" / "docid"
    file.write_text(file.read_text().replace("d450\n", "d103\n"))
    manifest = json.loads((copy / "manifest.json").read_text())
    manifest["shards"][2]["files"]["docid"] = {"bytes": file.stat().st_size, "sha256": sha256(file)}
    (copy / "manifest.json").write_text(json.dumps(manifest))
    with pytest.raises(InputError, match="document id d103 is in shards 00000 and 00002"):
        _ = RemoteDirectory(copy).row_of


def test_id_sums_fall_into_one_part_each(copy, held):
    whole = dict.fromkeys(range(3))
    for parts in (1, 2, 7):
        sums = np.concatenate([held(copy).id_sums(whole, part, parts) for part in range(parts)])
        assert len(sums) == len(set(sums.tolist())) == 500 and (np.diff(sums.astype(object)) > 0).all()


def test_shards_are_placed_where_they_lie_and_evenly():
    one, two, large = Node("a", "one", 1), Node("b", "two", 1), Node("c", "large", 4)
    rows = {0: 10, 1: 10, 2: 10}
    everywhere = {number: [one, two] for number in rows}
    assert Counter(node.name for node in placed(rows, everywhere, {}).values()).most_common() == [
        ("one", 2),
        ("two", 1),
    ]
    assert placed(rows, everywhere, {"a": 100}) == dict.fromkeys(rows, two)
    here_only = {**everywhere, 1: [one]}
    assert placed(rows, here_only, {})[1] == one
    four = {number: [one, large] for number in range(5)}
    assert Counter(node.name for node in placed(dict.fromkeys(four, 10), four, {}).values()) == {
        "large": 4,
        "one": 1,
    }


def test_rows_are_split_among_shards():
    starts = np.array([0, 10, 20, 30])
    rows = np.array([0, 9, 20, 21, 29])
    assert {number: rows[part].tolist() for number, part in split(starts, rows).items()} == {
        0: [0, 9],
        2: [20, 21, 29],
    }
