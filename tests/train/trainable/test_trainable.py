"""The adapter and LoRA: what they change, how they are saved, what they need."""

import json

import numpy as np
import pytest
import torch
from sentence_transformers import SentenceTransformer

from pyserini_ltre.collection import write_qrels, write_topics
from pyserini_ltre.encode.batching import encode_texts
from pyserini_ltre.encode.model import BiEncoder
from pyserini_ltre.train.__main__ import main
from pyserini_ltre.train.loop.schedule import Schedule
from pyserini_ltre.train.losses.objective import Objective
from pyserini_ltre.train.query_side import QuerySideTrainer
from pyserini_ltre.train.trainable import LoraEncoder, QueryAdapter
from pyserini_ltre.train.trainable.adapter import LowRankResidual

SCHEDULE = Schedule(epochs=8, batch_size=16, learning_rate=1e-2, evaluations=4)


def test_the_adapter_begins_as_the_identity_and_is_one_linear_map():
    torch.manual_seed(0)
    adapter = LowRankResidual(8, 3, normalise=True)
    queries = torch.nn.functional.normalize(torch.randn(5, 8), dim=1)
    torch.testing.assert_close(adapter(queries), queries)
    torch.nn.init.normal_(adapter.up.weight)
    mapped = torch.nn.functional.normalize(adapter.as_linear()(queries), dim=1)
    torch.testing.assert_close(adapter(queries), mapped)


@pytest.mark.parametrize("trainable", ["adapter", "lora"])
def test_what_was_trained_loads_here_and_in_sentence_transformers(problem, tiny_encoder, tmp_path, trainable):
    trainer = QuerySideTrainer(
        str(tiny_encoder), problem.directory, Objective(hits=20, anchor=0.0), trainable, SCHEDULE
    )
    result = trainer.fit(problem.queries, problem.qrels, problem.dev)
    assert result.after["nDCG@10"] > result.before["nDCG@10"] + 0.1
    result.encoder.save(tmp_path)
    texts = list(problem.dev[0].values())
    expected = encode_texts(result.encoder, texts, "query")
    np.testing.assert_allclose(encode_texts(BiEncoder.load(tmp_path), texts, "query"), expected, atol=1e-6)
    theirs = SentenceTransformer(str(tmp_path), device="cpu").encode(texts)
    np.testing.assert_allclose(theirs, expected, atol=1e-5)
    kinds = [
        module["type"].rpartition(".")[2] for module in json.loads((tmp_path / "modules.json").read_text())
    ]
    assert kinds[3:] == (["Dense", "Normalize"] if trainable == "adapter" else [])


def test_the_adapter_leaves_the_encoder_alone(problem, tiny_encoder):
    encoder = BiEncoder.load(tiny_encoder)
    before = {name: value.clone() for name, value in encoder.backbone.state_dict().items()}
    QuerySideTrainer(encoder, problem.directory, Objective(hits=20), "adapter", SCHEDULE).fit(
        problem.queries, problem.qrels, problem.dev
    )
    assert all(torch.equal(before[name], value) for name, value in encoder.backbone.state_dict().items())


@pytest.mark.parametrize("trainable", [QueryAdapter, LoraEncoder])
def test_discarded_training_leaves_no_trace(tiny_encoder, trainable):
    encoder = BiEncoder.load(tiny_encoder)
    before = {name: value.clone() for name, value in encoder.state_dict().items()}
    part = trainable(encoder)
    with torch.no_grad():
        for weights in part.module.parameters():
            if weights.requires_grad:
                weights.add_(1.0)
    kept = part.discard()
    after = kept.state_dict()
    assert before.keys() == after.keys()
    assert all(torch.equal(before[name], after[name]) for name in before)


def test_vectors_alone_are_enough_for_the_adapter(problem, tiny_encoder, tmp_path):
    encoder = BiEncoder.load(tiny_encoder)
    files = {}
    for name, (queries, qrels) in {"train": (problem.queries, problem.qrels), "dev": problem.dev}.items():
        write_topics(tmp_path / f"{name}.tsv", queries)
        write_qrels(tmp_path / f"{name}.txt", qrels)
        files[name] = tmp_path / f"{name}.npy"
        np.save(files[name], encode_texts(encoder, list(queries.values()), "query"))
    options = (
        f"--epochs 8 --batch-size 16 --learning-rate 1e-2 --hits 20 --anchor 0 --index {problem.directory}"
    )
    paths = f"--queries {tmp_path}/train.tsv --qrels {tmp_path}/train.txt --query-vectors {files['train']}"
    dev = (
        f"--dev-queries {tmp_path}/dev.tsv --dev-qrels {tmp_path}/dev.txt --dev-query-vectors {files['dev']}"
    )
    command = ["adore", *options.split(), *paths.split(), *dev.split(), "--trainable", "adapter"]
    main([*command, "--output", str(tmp_path / "vectors")])
    main([*command, "--encoder", str(tiny_encoder), "--output", str(tmp_path / "model")])
    alone = json.loads((tmp_path / "vectors" / "pyserini_ltre.json").read_text())
    assert (
        alone["measures"] == json.loads((tmp_path / "model" / "pyserini_ltre.json").read_text())["measures"]
    )
    assert alone["measures"]["after"]["nDCG@10"] > alone["measures"]["before"]["nDCG@10"] + 0.1
    assert (tmp_path / "vectors" / "0_Dense" / "model.safetensors").is_file()


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (["--trainable", "encoder"], "is for --trainable adapter"),
        (["--query-vectors", "short.npy"], "give a row for each"),
        (["--query-vectors", "text.npy"], "not a .npy file"),
        (["--query-vectors", "nan.npy"], "nan.npy: row 5 is not finite"),
    ],
)
def test_bad_query_vectors_are_refused(problem, tmp_path, monkeypatch, capsys, change, message):
    monkeypatch.chdir(tmp_path)
    write_topics("queries.tsv", problem.queries)
    write_qrels("qrels.txt", problem.qrels)
    np.save("good.npy", np.eye(len(problem.queries), 32, dtype=np.float32))
    np.save("short.npy", np.eye(3, 32, dtype=np.float32))
    np.save(
        "nan.npy",
        np.where(np.arange(len(problem.queries))[:, None] == 5, np.nan, np.ones((1, 32))).astype(np.float32),
    )
    (tmp_path / "text.npy").write_text("text")
    command = f"adore --index {problem.directory} --queries queries.tsv --qrels qrels.txt --output out"
    command += " --trainable adapter --query-vectors good.npy"
    with pytest.raises(SystemExit) as stopped:
        main([*command.split(), *change])
    assert stopped.value.code == 2
    assert message in capsys.readouterr().err
    assert not (tmp_path / "out").exists()
