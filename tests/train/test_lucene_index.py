"""Training on a Lucene index is training on the FAISS index of the same vectors."""

import json

import faiss
import numpy as np
import pytest
import torch

from pyserini_ltre.encode.model import BiEncoder
from pyserini_ltre.index.directory import IndexDirectory
from pyserini_ltre.index.sharded.convert import shard
from pyserini_ltre.index.writing import write_index_directory
from pyserini_ltre.train.loop.schedule import Schedule
from pyserini_ltre.train.losses.objective import Objective
from pyserini_ltre.train.query_side import QuerySideTrainer

SCHEDULE = {"epochs": 3, "batch_size": 16, "learning_rate": 3e-3, "evaluations": 2, "precision": "fp32"}


@pytest.fixture(scope="module")
def trained(lucene_indexes, problem, tiny_encoder):
    """Train on an index; give the losses and weights."""
    docids = json.loads((lucene_indexes / "docids.json").read_text())
    judged = [
        {qid: {docids[(11 * number) % 120]: 1} for number, qid in enumerate(queries)}
        for queries in (problem.queries, problem.dev[0])
    ]

    def train(directory):
        torch.manual_seed(0)
        trainer = QuerySideTrainer(
            BiEncoder.load(tiny_encoder),
            directory,
            Objective(method="adore", anchor=0.0, hits=20),
            schedule=Schedule(**SCHEDULE),
        )
        result = trainer.fit(problem.queries, judged[0], (problem.dev[0], judged[1]))
        return [loss for _, loss in result.loss_history], result.encoder.state_dict()

    return train


@pytest.fixture(scope="module")
def on_faiss(trained, lucene_indexes, tmp_path_factory):
    """What training on a flat FAISS index gives."""
    vectors = np.load(lucene_indexes / "vectors.npy")
    docids = json.loads((lucene_indexes / "docids.json").read_text())
    index = faiss.IndexFlatIP(vectors.shape[1])
    index.add(vectors)
    directory = tmp_path_factory.mktemp("faiss") / "index"
    write_index_directory(directory, index, docids, None)
    return trained(directory)


def test_same_loss_and_weights_on_shards(trained, on_faiss, tmp_path, lucene_indexes):
    vectors = np.load(lucene_indexes / "vectors.npy")
    index = faiss.IndexFlatIP(vectors.shape[1])
    index.add(vectors)
    docids = json.loads((lucene_indexes / "docids.json").read_text())
    write_index_directory(tmp_path / "index", index, docids, None)
    shard(IndexDirectory(tmp_path / "index"), 5, tmp_path / "sharded")
    losses, weights = trained(tmp_path / "sharded")
    assert losses == pytest.approx(on_faiss[0], abs=1e-5)
    for name, value in on_faiss[1].items():
        torch.testing.assert_close(weights[name], value, atol=1e-5, rtol=0)


@pytest.mark.parametrize("kind", ["flat", "hnsw-int8", "pieces"])
def test_same_loss_and_weights(trained, on_faiss, lucene_indexes, kind):
    losses, weights = trained(lucene_indexes / kind)
    assert losses == pytest.approx(on_faiss[0], abs=1e-5) and losses[0] > losses[-1]
    for name, value in on_faiss[1].items():
        torch.testing.assert_close(weights[name], value, atol=1e-5, rtol=0)
