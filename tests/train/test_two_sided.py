"""Warm-up and STAR from the command line: they learn, keep what is best, resume, and refuse what cannot be."""

import json
import signal
import subprocess
import sys

import numpy as np
import pytest
import torch
from safetensors.torch import load_file
from sentence_transformers import SentenceTransformer

from pyserini_ltre.collection import read_run, write_beir, write_qrels, write_run, write_topics
from pyserini_ltre.collection.records import Document
from pyserini_ltre.encode.batching import encode_texts
from pyserini_ltre.encode.model import BiEncoder
from pyserini_ltre.train.__main__ import main

QUICK = "--epochs 6 --batch-size 16 --learning-rate 3e-3 --evaluations 3 --precision fp32".split()
DIES = """
import os, signal, sys
from pyserini_ltre.train.__main__ import main
from pyserini_ltre.train.loop.trainer import RetrievalTrainer

compute_loss = RetrievalTrainer.compute_loss

def dying(self, *arguments, **options):
    if self.state.global_step == 13:
        os.kill(os.getpid(), signal.SIGKILL)
    return compute_loss(self, *arguments, **options)

RetrievalTrainer.compute_loss = dying
main(sys.argv[1:])
"""
ASKS, TELLS = "open read sort list index".split(), "close write search query vector".split()


@pytest.fixture
def files(tmp_path):
    """Ten documents and queries that have no word in common: a query about a word wants what tells of its partner."""
    generator = np.random.default_rng(3)
    documents = [Document(f"d{i}", "", f"{TELLS[i % 5]} {TELLS[i % 5]} number {i}") for i in range(40)]
    queries = {
        f"{i:03d}": f"{ASKS[i % 5]} {' '.join(generator.choice(['stack', 'tree'], 2))} {i}" for i in range(80)
    }
    qrels = {qid: {f"d{j}": 1 for j in range(40) if j % 5 == int(qid) % 5} for qid in queries}
    write_beir(tmp_path / "collection", documents, {"train": queries}, {"train": qrels})
    write_topics(tmp_path / "queries.tsv", {qid: queries[qid] for qid in list(queries)[:60]})
    write_topics(tmp_path / "dev.tsv", {qid: queries[qid] for qid in list(queries)[60:]})
    write_qrels(tmp_path / "qrels.txt", qrels)
    mined = {qid: {f"d{j}": 1.0 / (1 + j) for j in range(40)} for qid in list(queries)[:60]}
    write_run(tmp_path / "negatives.txt", mined, "bm25")
    return tmp_path


def command_line(files, encoder, method, *more, output="model"):
    options = {"collection": "collection", "queries": "queries.tsv", "qrels": "qrels.txt", "output": output}
    options |= {"dev-queries": "dev.tsv", "dev-qrels": "qrels.txt"}
    named = [str(part) for name, file in options.items() for part in (f"--{name}", files / file)]
    return [method, *named, "--encoder", str(encoder), *map(str, more)]


@pytest.mark.parametrize(
    ("method", "negatives", "more"),
    [
        ("warmup", ("in-batch",), ()),
        ("warmup", ("random",), ("--gradient-checkpointing",)),
        ("star", ("negatives.txt",), ("--gradient-cache", "--chunk", 8)),
    ],
)
def test_both_sides_learn_and_are_saved_for_everyone(files, tiny_encoder, capsys, method, negatives, more):
    named = [str(files / name) if name.endswith("txt") else name for name in negatives]
    main(command_line(files, tiny_encoder, method, *QUICK, *more, "--negatives", *named))
    printed = capsys.readouterr().out
    assert "in a sample of 40 of 40 documents" in printed
    description = json.loads((files / "model" / "pyserini_ltre.json").read_text())
    assert description["method"] == method and description["improved"]
    measures = description["measures"]
    assert measures["after"]["nDCG@10"] > measures["before"]["nDCG@10"] + 0.2
    if method == "star":
        assert "480 judged-relevant documents" in printed
        assert "60 training queries have fewer than 200 negatives" in printed
        assert description["objective"]["negatives"] == ["in-batch", str(files / "negatives.txt")]
    # What it says of the kept weights is so, for documents too, and in sentence-transformers.
    encoder = BiEncoder.load(files / "model")
    texts = [f"{word} {word} number 3" for word in TELLS]
    vectors = encode_texts(encoder, texts, "document")
    asked = encode_texts(encoder, [f"{word} stack tree 7" for word in ASKS], "query")
    assert (asked @ vectors.T).argmax(1).tolist() == list(range(5))
    theirs = SentenceTransformer(str(files / "model"), device="cpu").encode(texts)
    np.testing.assert_allclose(theirs, vectors, atol=1e-6)


def test_killed_and_resumed_equals_uninterrupted(files, tiny_encoder, same_threads_there):
    options = (*QUICK, "--negatives", files / "negatives.txt")
    main(command_line(files, tiny_encoder, "star", *options, output="whole"))
    killed = command_line(files, tiny_encoder, "star", *options, output="killed")
    died = subprocess.run(
        [sys.executable, "-c", DIES, *killed], env=same_threads_there, capture_output=True, check=False
    )
    assert died.returncode == -signal.SIGKILL
    main([*killed, "--resume"])
    expected, got = (load_file(files / name / "model.safetensors") for name in ("whole", "killed"))
    assert all(torch.equal(expected[name], got[name]) for name in expected)


def test_training_that_harms_keeps_the_start(files, tiny_encoder, capsys):
    """Learned from judgements that are wrong, nothing is better on dev: the encoder comes back as it was."""
    main(command_line(files, tiny_encoder, "warmup", *QUICK, output="good"))
    wrong = {f"{i:03d}": {f"d{(i + 1) % 5}": 1} for i in range(60)}
    write_qrels(files / "wrong.txt", wrong)
    argv = command_line(files, files / "good", "warmup", *QUICK)
    argv[argv.index("--qrels") + 1] = str(files / "wrong.txt")
    main(argv)
    assert "the frozen encoder is kept" in capsys.readouterr().out
    before, after = (load_file(files / name / "model.safetensors") for name in ("good", "model"))
    assert all(torch.equal(before[name], after[name]) for name in before)


def test_lamb_comes_from_a_library(files, tiny_encoder):
    main(
        command_line(files, tiny_encoder, "warmup", *QUICK, "--optimizer", "lamb", "--learning-rate", "0.01")
    )
    description = json.loads((files / "model" / "pyserini_ltre.json").read_text())
    assert description["schedule"]["optimizer"] == "lamb" and description["improved"]


def test_bad_negatives_are_refused(files, tiny_encoder, refused):
    def line(content, method="star"):
        (files / "bad.txt").write_text(content)
        return refused(main, *command_line(files, tiny_encoder, method, "--negatives", files / "bad.txt"))

    assert "bad.txt: 1 of its 2 queries do not exist, gone first" in line(
        "000 Q0 d1 1 2.0 t\ngone Q0 d1 1 2.0 t\n"
    )
    assert "bad.txt: document d99 is not in the collection" in line("000 Q0 d99 1 2.0 t\n")
    assert "has none of the 60 training queries, but 1 dev queries" in line("061 Q0 d2 1 2.0 t\n")
    assert "only judged-relevant documents" in line("000 Q0 d0 1 2.0 t\n")
    assert "bad.txt:2: 5 columns" in line("000 Q0 d1 1 2.0 t\n000 Q0 d1 1 2.0\n")
    assert not (files / "model").exists()


def test_negatives_mined_for_dev_queries_are_told(files, tiny_encoder, capsys):
    run = read_run(files / "negatives.txt")
    write_run(files / "mixed.txt", {"061": {"d0": 1.0}, **{qid: run[qid] for qid in list(run)[:50]}}, "t")
    told = "mixed.txt was mined for 1 dev queries; of the 60 training queries it has 50"
    with pytest.warns(UserWarning, match=told):
        main(command_line(files, tiny_encoder, "star", *QUICK, "--negatives", files / "mixed.txt"))
    assert "10 training queries have none" in capsys.readouterr().out


def test_bad_options_are_refused(files, tiny_encoder, capsys, refused):
    def line(method, *more):
        return refused(main, *command_line(files, tiny_encoder, method, *more))

    assert "pyserini_ltre.mine" in line("star")
    assert "one run file" in line("warmup", "--negatives", files / "negatives.txt", files / "qrels.txt")
    assert "--depth 0" in line("warmup", "--depth", 0)
    assert "--chunk 0" in line("warmup", "--chunk", 0)
    assert "--score-scale" in line("warmup", "--score-scale", 0)
    assert "a length of 1000 tokens" in line("warmup", "--document-max-length", 1000)
    with pytest.raises(SystemExit):
        main(["stra"])
    assert "invalid choice: 'stra'" in capsys.readouterr().err
