"""Learning feedback: the best setting is found, dev queries decide, and bad input is refused."""

import json

import numpy as np
import pytest

from pyserini_ltre.collection import Document, open_collection, write_beir
from pyserini_ltre.collection.judged import judged_queries
from pyserini_ltre.encode.batching import encode_texts
from pyserini_ltre.encode.feedback import FeedbackWeights
from pyserini_ltre.encode.feedback.passages import Passages
from pyserini_ltre.encode.model import BiEncoder
from pyserini_ltre.encode.search import search
from pyserini_ltre.errors import InputError
from pyserini_ltre.eval import evaluate_per_query
from pyserini_ltre.index import IndexDirectory
from pyserini_ltre.train.__main__ import main
from pyserini_ltre.train.feedback import FeedbackGrid, FeedbackTrainer

GRID = ["--depths", "3", "--shares", "0.3", "--sharpness", "10"]


@pytest.fixture
def clustered(problem, tiny_encoder, tmp_path, write_index):
    """An index in which the relevant documents of a query lie together, the first of them near the query.

    A second search, moved toward what the first one found, finds the others.
    """
    encoder = BiEncoder.load(tiny_encoder)
    queries, qrels = {**problem.queries, **problem.dev[0]}, {**problem.qrels, **problem.dev[1]}
    topics = np.array([next(iter(judged)).partition("-")[0] for judged in qrels.values()])
    embeddings = encode_texts(encoder, [queries[qid] for qid in qrels], "query")
    names = sorted(set(topics))
    means = np.array([embeddings[topics == topic].mean(0) for topic in names])
    own = means - means.mean(0)
    # What documents have in common beside the first of each topic is nothing that a query has.
    known = np.linalg.svd(means)[2][: len(names)]
    places = np.random.default_rng(2).normal(size=means.shape)
    places -= places @ known.T @ known
    own, places = (part / np.linalg.norm(part, axis=1, keepdims=True) for part in (own, places))
    docids = IndexDirectory(problem.directory).docids
    vectors = []
    for docid in docids:
        topic, number = docid.split("-")
        vectors.append(places[names.index(topic)] + own[names.index(topic)] * (1 if number == "0" else -0.2))
    vectors = np.array(vectors, np.float32)
    vectors /= np.linalg.norm(vectors, axis=1, keepdims=True)
    return write_index(tmp_path / "clustered", vectors, docids)


def judged_of(directory, queries, qrels):
    return judged_queries(queries, qrels, directory.row_of, "judgements")


def test_the_best_setting_is_found(clustered, problem, tiny_encoder):
    directory = IndexDirectory(clustered)
    train = judged_of(directory, problem.queries, problem.qrels)
    dev = judged_of(directory, *problem.dev)
    grid = FeedbackGrid(depths=[1, 3], shares=[0.1, 0.5], sharpness=[0.0, 10.0])
    result = FeedbackTrainer(BiEncoder.load(tiny_encoder), directory, grid).fit(train, dev)
    assert len(result.tried) == 8
    sums = {weights: tried["nDCG@10"] + tried["R@100"] for weights, tried in result.tried}
    assert result.weights == max(sums, key=sums.get)
    assert result.improved
    assert result.after["nDCG@10"] > result.before["nDCG@10"]
    assert result.encoder.feedback.weights == result.weights
    assert "feedback is kept" in str(result)


def test_without_a_gain_the_encoder_stays(problem, tiny_encoder, tmp_path):
    directory = IndexDirectory(problem.directory)
    train, dev = judged_of(directory, problem.queries, problem.qrels), judged_of(directory, *problem.dev)
    grid = FeedbackGrid(depths=[1], shares=[1e-6], sharpness=[0.0])
    encoder = BiEncoder.load(tiny_encoder)
    result = FeedbackTrainer(encoder, directory, grid).fit(train, dev)
    assert not result.improved
    assert encoder.feedback is None
    result.save(tmp_path / "saved")
    texts = list(problem.queries.values())
    np.testing.assert_array_equal(
        encode_texts(BiEncoder.load(tmp_path / "saved"), texts, "query"),
        encode_texts(BiEncoder.load(tiny_encoder), texts, "query"),
    )
    assert "stays as it was" in str(result)
    grid = FeedbackGrid(depths=[1], shares=[1e-6], sharpness=[0.0], always=True)
    result = FeedbackTrainer(encoder, directory, grid).fit(train, dev)
    assert result.kept and not result.improved
    assert encoder.feedback is not None
    assert "kept because you ask for it" in str(result)


def test_the_command(clustered, judged_files, tiny_encoder, tmp_path, capsys):
    flags = [part for pair in judged_files.items() for part in map(str, pair)]
    output = tmp_path / "with-feedback"
    main(
        [
            "feedback",
            "--index",
            str(clustered),
            "--encoder",
            str(tiny_encoder),
            *flags,
            "--output",
            str(output),
        ]
    )
    assert "45 settings tried; best: " in capsys.readouterr().out
    written = json.loads((output / "pyserini_ltre.json").read_text())
    assert written["method"] == "feedback"
    assert len(written["tried"]) == 46
    assert written["index"] == {
        "path": str(clustered),
        "fingerprint": IndexDirectory(clustered).fingerprint,
    }
    feedback = BiEncoder.load(output).feedback
    assert feedback is not None
    assert feedback.weights == FeedbackWeights(
        *(written["feedback"][name] for name in ("depth", "share", "sharpness"))
    )
    assert feedback.directory.path == clustered


def test_with_texts_they_are_read_as_well(clustered, judged_files, tiny_encoder, collection, tmp_path):
    flags = [part for pair in judged_files.items() for part in map(str, pair)]
    output = tmp_path / "reads"
    command = ["feedback", "--index", str(clustered), "--encoder", str(tiny_encoder), *flags, *GRID]
    texts = ["--texts", str(collection), "--reads", "2", "--reading-shares", "0.9", "--always"]
    main([*command, *texts, "--output", str(output)])
    written = json.loads((output / "pyserini_ltre.json").read_text())
    assert list(written["tried"]) == [
        "without",
        "3 documents, a share of 0.3, sharpness 10",
        "2 documents read, a share of 0.9",  # the two together are more than there is
    ]
    encoder = BiEncoder.load(output)
    best = encoder.feedback.weights
    measured = {name: means["nDCG@10"] + means["R@100"] for name, means in written["tried"].items()}
    assert str(best) in written["tried"]
    assert measured[str(best)] == max(value for name, value in measured.items() if name != "without")


def test_what_dev_measures_is_what_the_saved_encoder_finds(
    clustered, judged_files, tiny_encoder, collection, problem, tmp_path
):
    directory = IndexDirectory(clustered)
    train, dev = judged_of(directory, problem.queries, problem.qrels), judged_of(directory, *problem.dev)
    encoder = BiEncoder.load(tiny_encoder)
    passages = Passages.of_collection(open_collection(collection), directory, encoder.tokenizer)
    grid = FeedbackGrid(
        depths=[3], shares=[0.1], sharpness=[10.0], reads=[2], reading_shares=[0.6], always=True
    )
    result = FeedbackTrainer(encoder, directory, grid, passages=passages).fit(train, dev)
    result.save(tmp_path / "saved")
    saved = BiEncoder.load(tmp_path / "saved")
    assert saved.feedback.weights == result.weights
    run = search(clustered, tmp_path / "saved", dev.queries, hits=100, progress=False)
    measured = evaluate_per_query(run, dev.qrels, ("nDCG@10",))["nDCG@10"]
    assert np.mean(list(measured.values())) == pytest.approx(result.after["nDCG@10"], abs=1e-6)


def test_texts_that_are_not_those_of_the_index(clustered, judged_files, tiny_encoder, tmp_path, refused):
    write_beir(tmp_path / "other", [Document("0-0", "", "a"), Document("x", "", "b")], {}, {})
    flags = [part for pair in judged_files.items() for part in pair]
    output = tmp_path / "out"
    command = ["feedback", "--index", clustered, "--encoder", tiny_encoder, *flags, "--output", output]
    assert refused(main, *command, "--texts", tmp_path / "other") == (
        f"{clustered}: 39 of its 40 documents, 0-1 first, are not in the collection; name the one that was encoded"
    )
    assert refused(main, *command, "--texts", tmp_path / "nowhere").startswith(
        f"{tmp_path}/nowhere: no such folder"
    )
    texts = ("--texts", tmp_path / "other")
    assert refused(main, *command, *texts, "--reads", 41).startswith("--reads 41: choose 1 to 40")
    assert refused(main, *command, *texts, "--reading-shares", 0).startswith("--reading-shares 0.0: choose")
    assert not output.exists()


def test_without_judgements_three_documents_are_read(clustered, tiny_encoder, collection, tmp_path, capsys):
    output = tmp_path / "reads"
    command = ["feedback", "--index", clustered, "--encoder", tiny_encoder, "--texts", collection]
    main([*map(str, command), "--output", str(output)])
    assert "3 documents read, a share of 0.35; no judgements are given" in capsys.readouterr().out
    written = json.loads((output / "pyserini_ltre.json").read_text())
    assert (written["method"], written["base_encoder"]) == ("feedback", str(tiny_encoder))
    assert BiEncoder.load(output).feedback.weights == FeedbackWeights(0, 0.0, 0.0, 3, 0.35)


def test_options_that_do_not_go_together(
    clustered, judged_files, tiny_encoder, collection, tmp_path, refused
):
    output = tmp_path / "out"
    command = ["feedback", "--index", clustered, "--encoder", tiny_encoder, "--output", output]
    queries = ["--queries", judged_files["--queries"]]
    assert refused(main, *command, *queries).startswith("--queries and --qrels belong together")
    assert refused(main, *command).startswith(
        "without judged queries, documents have to be read: give --texts"
    )
    texts = ["--texts", collection]
    assert "there is nothing to choose" in refused(main, *command, *texts, "--reads", 2)
    assert "there is nothing to choose" in refused(main, *command, *texts, "--unseen", tiny_encoder)
    assert not output.exists()


def test_two_encoders_with_other_tokens(clustered, tiny_encoder, tmp_path):
    base, other = BiEncoder.load(tiny_encoder), BiEncoder.load(tiny_encoder)
    other.tokenizer.add_tokens(["another"])
    passages = Passages(np.zeros(41, np.int64), np.zeros(0, np.uint16))
    with pytest.raises(InputError, match=r"has other tokens than .*; with `texts`, name with `unseen`"):
        FeedbackTrainer(base, IndexDirectory(clustered), unseen=other, passages=passages)


def test_the_encoder_that_another_was_trained_from_embeds(clustered, judged_files, tiny_encoder, tmp_path):
    trained = tmp_path / "trained"
    trained.mkdir()
    BiEncoder.load(tiny_encoder).save(trained, method="adore", base_encoder=str(tiny_encoder))
    flags = [part for pair in judged_files.items() for part in map(str, pair)]
    command = ["feedback", "--index", str(clustered), "--encoder", str(trained), *flags, *GRID]
    with pytest.warns(
        UserWarning, match=f"training queries are embedded by {tiny_encoder}, which .* trained from"
    ):
        main([*command, "--output", str(tmp_path / "one")])
    written = json.loads((tmp_path / "one" / "pyserini_ltre.json").read_text())
    assert (written["base_encoder"], written["unseen_encoder"]) == (str(trained), str(tiny_encoder))


def test_bad_input(clustered, judged_files, tiny_encoder, tmp_path, refused):
    flags = [part for pair in judged_files.items() for part in pair]
    output = tmp_path / "out"
    command = ["feedback", "--index", clustered, "--encoder", tiny_encoder, *flags, "--output", output]
    assert refused(main, *command, "--depths", 41) == (
        "--depths 41: choose 1 to 40, as many as the index has"
    )
    assert refused(main, *command, "--depths", 0).startswith("--depths 0: choose 1 to 40")
    assert refused(main, *command, "--shares", 1.5).startswith("--shares 1.5: choose numbers above 0")
    assert refused(main, *command, "--sharpness", "nan").startswith("--sharpness nan: choose numbers from 0")
    assert "name with --unseen an encoder" in refused(main, *command, "--unseen", tmp_path / "nowhere")
    assert not output.exists()


def test_feedback_on_feedback(clustered, problem, tiny_encoder):
    directory = IndexDirectory(clustered)
    train, dev = judged_of(directory, problem.queries, problem.qrels), judged_of(directory, *problem.dev)
    encoder = FeedbackTrainer(BiEncoder.load(tiny_encoder), directory).fit(train, dev).encoder
    with pytest.raises(
        InputError, match="which learning feedback cannot do; give the encoder before feedback"
    ):
        FeedbackTrainer(encoder, directory)
