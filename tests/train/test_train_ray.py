"""Training against shards that workers hold: the same weights as against the index in one piece, whoever dies."""

import json

import pytest
import ray_clusters
import torch
from safetensors.torch import load_file
from small_input import DIMENSION

from pyserini_ltre.cluster import connected
from pyserini_ltre.collection.judged import Judged
from pyserini_ltre.encode.model import BiEncoder
from pyserini_ltre.index import IndexDirectory
from pyserini_ltre.index.remote.directory import RemoteDirectory
from pyserini_ltre.index.sharded.convert import shard
from pyserini_ltre.train.__main__ import main
from pyserini_ltre.train.data.taught import Unjudged
from pyserini_ltre.train.distil import DistilTrainer
from pyserini_ltre.train.loop.schedule import Schedule
from pyserini_ltre.train.losses.objective import Objective
from pyserini_ltre.train.query_side import QuerySideTrainer

STEPS = 30


@pytest.fixture(scope="module")
def sharded(problem, tmp_path_factory):
    path = tmp_path_factory.mktemp("shards") / "sharded"
    shard(IndexDirectory(problem.directory), 3, path)
    return path


@pytest.fixture(scope="module")
def remote(sharded):
    with ray_clusters.cluster("first", "second") as made, connected(made.address):
        directory = RemoteDirectory(sharded)
        yield directory
        directory.close()


def schedule():
    return Schedule(epochs=10, evaluations=3, learning_rate=1e-3)


def trained(index, problem, tiny_encoder, trainable="encoder", method="adore"):
    trainer = QuerySideTrainer(
        BiEncoder.load(tiny_encoder), index, Objective(method=method, hits=20), trainable, schedule()
    )
    return trainer.fit(problem.queries, problem.qrels, problem.dev)


def weights(result):
    return {name: value.clone() for name, value in result.encoder.state_dict().items()}


def same(one, other):
    return all(torch.equal(value, other[name]) for name, value in one.items()) and one.keys() == other.keys()


@pytest.mark.parametrize("method", ["adore", "ltre", "softmax"])
def test_loss_and_gradient_are_those_of_the_index_in_one_piece(remote, problem, method):
    generator = torch.Generator().manual_seed(3)
    frozen = torch.randn(16, DIMENSION, generator=generator)
    found = []
    for directory in (IndexDirectory(problem.directory), remote):
        loss = Objective(method=method, hits=15).resolve(directory.open(), normalises=True, anchor=1.0)
        queries = frozen.clone().requires_grad_()
        value = loss(queries, frozen, torch.tensor([[3, -1], [39, 20]] * 8), torch.ones(16, 2))
        value.backward()
        found.append((value.detach(), queries.grad))
    torch.testing.assert_close(*found, rtol=1e-5, atol=1e-5)


def test_weights_are_the_same_though_workers_die(remote, problem, tiny_encoder):
    expected = trained(problem.directory, problem, tiny_encoder)
    workers = list(remote.workers.workers.values())

    def act():
        ray_clusters.kill(ray_clusters.process_of(workers[0].actor))

    with ray_clusters.before_call(remote.workers, "ask", 40, act):
        result = trained(remote, problem, tiny_encoder)
    assert workers[0] not in remote.workers.workers.values()
    assert result.improved and result.steps == STEPS
    assert same(weights(result), weights(expected))
    assert result.dev_history == expected.dev_history


def test_distillation_fetches_the_documents_of_the_teacher(remote, problem, tiny_encoder):
    teacher = {
        qid: {docid: 1.0 / (1 + rank) for rank, docid in enumerate(problem.qrels[qid])}
        for qid in problem.qrels
    }
    found = []
    for index in (problem.directory, remote):
        trainer = DistilTrainer(BiEncoder.load(tiny_encoder), index, schedule=schedule())
        found.append(trainer.fit(Unjudged(problem.queries, teacher), Judged(*problem.dev, 0, 0)))
    assert same(*(weights(result) for result in found))
    assert found[0].loss_history == found[1].loss_history


@pytest.mark.parametrize(("trainable", "at"), [("adapter", ""), ("adapter", "file://"), ("encoder", "")])
def test_the_command_leaves_the_same_weights(
    remote, sharded, judged_files, tiny_encoder, tmp_path, trainable, at, capsys
):
    ray = ["--ray", "unused: it is connected"]
    for name, index, more in (("here", sharded, []), ("there", f"{at}{sharded}", ray)):
        files = {"--index": index, "--encoder": tiny_encoder, **judged_files, "--output": tmp_path / name}
        options = ["--trainable", trainable, "--epochs", "3", "--hits", "20", "--evaluations", "2", *more]
        main(["adore", *(str(part) for pair in files.items() for part in pair), *options])
    assert "saved in" in capsys.readouterr().out
    models = [load_file(tmp_path / name / "model.safetensors") for name in ("here", "there")]
    assert same(*models)
    records = [json.loads((tmp_path / name / "pyserini_ltre.json").read_text()) for name in ("here", "there")]
    assert records[0]["index"]["fingerprint"] == records[1]["index"]["fingerprint"]
    assert (records[0]["index"]["path"] == records[1]["index"]["path"]) == (not at)
