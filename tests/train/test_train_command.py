"""``python -m pyserini_ltre.train``: a model directory that others load, or one line and nothing written."""

import json
import re
import shutil

import faiss
import numpy as np
import pytest
from sentence_transformers import SentenceTransformer

from pyserini_ltre import registry
from pyserini_ltre.collection import write_qrels, write_topics
from pyserini_ltre.encode.batching import encode_texts
from pyserini_ltre.encode.model import BiEncoder
from pyserini_ltre.eval import evaluate
from pyserini_ltre.index import IndexDirectory
from pyserini_ltre.train.__main__ import main

QUICK = (
    "--epochs",
    4,
    "--batch-size",
    16,
    "--learning-rate",
    3e-3,
    "--evaluations",
    2,
    "--hits",
    20,
    "--anchor",
    0,
)


@pytest.fixture(autouse=True)
def home(tmp_path_factory, monkeypatch):
    """A registry of the test's own."""
    monkeypatch.setenv("PYSERINI_LTRE_HOME", str(tmp_path_factory.mktemp("home")))


@pytest.fixture
def options(problem, tiny_encoder, tmp_path):
    """The command line of a good run, as a dictionary that a test may change."""
    write_topics(tmp_path / "queries.tsv", problem.queries)
    write_qrels(tmp_path / "qrels.txt", problem.qrels)
    write_topics(tmp_path / "dev.tsv", problem.dev[0])
    write_qrels(tmp_path / "dev-qrels.txt", problem.dev[1])
    return {
        "--index": problem.directory,
        "--encoder": tiny_encoder,
        "--queries": tmp_path / "queries.tsv",
        "--qrels": tmp_path / "qrels.txt",
        "--dev-queries": tmp_path / "dev.tsv",
        "--dev-qrels": tmp_path / "dev-qrels.txt",
        "--output": tmp_path / "models" / "trained",
    }


def command_line(options, *more, method="ltre"):
    return [method, *(str(part) for pair in options.items() for part in pair), *map(str, more)]


def test_model_directory_loads_everywhere_and_says_how_it_was_made(options, problem, tiny_encoder, capsys):
    main(command_line(options, *QUICK, "--register", "adore", method="adore"))
    printed = capsys.readouterr().out
    output = options["--output"]
    assert "frozen" in printed
    assert str(output) in printed
    assert [path.name for path in output.parent.iterdir()] == ["trained"]

    description = json.loads((output / "pyserini_ltre.json").read_text())
    assert description["method"] == "adore"
    assert description["improved"]
    assert description["base_encoder"] == str(tiny_encoder)
    assert description["index"]["fingerprint"] == IndexDirectory(problem.directory).fingerprint
    after, before = description["measures"]["after"], description["measures"]["before"]
    assert after["nDCG@10"] > before["nDCG@10"] + 0.2
    assert description["encoder"]["pooling"] == "mean"
    assert description["encoder"]["normalise"]

    texts = list(problem.dev[0].values())
    trained = encode_texts(BiEncoder.load(output), texts, "query")
    np.testing.assert_allclose(
        SentenceTransformer(str(output), device="cpu").encode(texts), trained, atol=1e-6
    )
    assert not np.allclose(trained, encode_texts(BiEncoder.load(tiny_encoder), texts, "query"), atol=1e-2)
    # The measures that are reported are those that a search with the saved model gives.
    scores, rows = faiss.read_index(str(problem.directory / "index")).search(trained, 40)
    docids = IndexDirectory(problem.directory).docids
    run = {
        qid: {docids[row]: float(score) for row, score in zip(*found, strict=True)}
        for qid, *found in zip(problem.dev[0], rows, scores, strict=True)
    }
    assert evaluate(run, problem.dev[1], list(after)) == pytest.approx(after, abs=1e-6)
    assert registry.encoder_directory("adore") == output


def test_queries_are_held_out_without_a_dev_set(options, problem, capsys):
    del options["--dev-queries"], options["--dev-qrels"]
    main(command_line(options, *QUICK))
    held_out = (options["--output"] / "held_out_queries.txt").read_text().split()
    assert len(held_out) == 7
    assert set(held_out) < set(problem.queries)
    assert "63" in capsys.readouterr().out


def test_judgements_of_unknown_documents_are_counted(options, problem, capsys):
    with open(options["--qrels"], "a") as file:
        file.write("0000 0 gone 1\n0001 0 NA 1\n")
    main(command_line(options, *QUICK))
    assert "2 " in next(line for line in capsys.readouterr().out.splitlines() if "left out" in line)


def test_dev_queries_and_dev_judgements_belong_together(options, refused):
    del options["--dev-qrels"]
    assert "--dev-qrels" in refused(main, *command_line(options))
    assert not options["--output"].parent.exists()


def test_bad_queries_and_judgements_are_refused(options, problem, refused):
    def line(option, content):
        file = options[option]
        good = file.read_text()
        file.write_text(content)
        said = refused(main, *command_line(options))
        file.write_text(good)
        assert not options["--output"].parent.exists()
        return said

    assert "queries.tsv:3: query id 0000 is there twice" in line(
        "--queries", "0000\tsort\n0001\tlist\n0000\topen\n"
    )
    assert "dev.tsv:2:" in line("--dev-queries", "0070\tsort\n0071\t \n")
    assert "qrels.txt:1:" in line("--qrels", "0000 0 0-1\n")
    assert "qrels.txt:2:" in line("--qrels", "0000 0 0-1 1\n0001 0 0-1 good\n")
    unknown = "".join(f"{qid} 0 other-{qid} 1\n" for qid in problem.queries)
    assert "70 judgements name documents that it lacks" in line("--qrels", unknown)
    assert "70 judgements" not in line("--dev-qrels", "0070 0 other 1\n")
    assert "judges none of the queries" in line("--qrels", "elsewhere 0 0-1 1\n")


def test_bad_directories_and_names_are_refused(
    options, problem, tiny_encoder, tmp_path, refused, write_index
):
    def line(*more, **changes):
        changed = {**options, **{f"--{name}": value for name, value in changes.items()}}
        return refused(main, *command_line(changed, *more))

    full = tmp_path / "full"
    full.mkdir()
    (full / "precious").write_text("kept")
    assert "not empty" in line(output=full)
    assert [path.name for path in full.iterdir()] == ["precious"]
    said = line("--register", "best")
    assert "--register" in said
    assert "ltre, star, adore" in said.replace("'", "")
    assert "no encoder is registered as ltre yet" in line(encoder="ltre")
    assert "neither a directory nor" in line(encoder="no-such-owner/no-such-model")
    assert "no file index" in line(index=tmp_path / "nowhere")
    judged = sorted({docid for grades in problem.qrels.values() for docid in grades})
    narrow = write_index(tmp_path / "narrow", np.ones((len(judged), 16), np.float32), judged)
    assert re.match(r".*/narrow: .* 16 dimensions, .* 32; give the encoder", line(index=narrow))
    elsewhere = write_index(tmp_path / "elsewhere", np.eye(5, 32, dtype=np.float32), list("abcde"))
    assert "none of 70 queries has a relevant document in the index" in line(index=elsewhere)
    model = shutil.copytree(tiny_encoder, tmp_path / "model")
    (model / "model.safetensors").unlink()
    assert "no weights" in line(encoder=model)
    assert "--hits 99" in line("--hits", 99)
    assert "--epochs" in line("--epochs", 0)
    assert not options["--output"].parent.exists()


def test_a_model_that_cannot_be_saved_leaves_no_directory(options, monkeypatch):
    def fail(*arguments, **description):
        raise OSError("disk full")

    monkeypatch.setattr(BiEncoder, "save", fail)
    with pytest.raises(OSError, match="disk full"):
        main(command_line(options, *QUICK))
    # The checkpoints beside it stay, for --resume.
    assert not [path.name for path in options["--output"].parent.iterdir() if "checkpoints" not in path.name]
