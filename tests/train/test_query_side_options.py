"""Options of ``python -m pyserini_ltre.train`` that decide what a query is compared with, and where it is searched."""

import json
import re

import numpy as np
import pytest
import torch

from pyserini_ltre.collection import write_qrels
from pyserini_ltre.encode.batching import encode_texts
from pyserini_ltre.encode.model import BiEncoder
from pyserini_ltre.index import IndexDirectory
from pyserini_ltre.index.__main__ import main as index_main
from pyserini_ltre.train.__main__ import main

QUICK = {"--trainable": "adapter", "--epochs": 12, "--batch-size": 16, "--hits": 20, "--learning-rate": 1e-2}


@pytest.fixture
def train(problem, judged_files, tiny_encoder, tmp_path):
    """Run ``ltre`` with options in addition; return its output directory."""
    given = {"--index": problem.directory, "--encoder": tiny_encoder, **judged_files, **QUICK}

    def run(name, **options):
        changed = {f"--{option.replace('_', '-')}": value for option, value in options.items()}
        options = {**given, **changed, "--output": tmp_path / name}
        main(["ltre", *(str(part) for pair in options.items() for part in pair)])
        return tmp_path / name

    run.output_of = tmp_path.__truediv__
    return run


@pytest.fixture
def embed(problem):
    """Embeddings of the dev queries, which no training here has seen, by the encoder in a directory."""
    return lambda model: encode_texts(BiEncoder.load(model), list(problem.dev[0].values()), "query")


@pytest.fixture
def original_vectors(problem, tmp_path):
    """The vectors of the problem's index as a .npy file."""
    rows = torch.arange(len(IndexDirectory(problem.directory).docids))
    np.save(tmp_path / "original.npy", IndexDirectory(problem.directory).open().vectors(rows).numpy())
    return tmp_path / "original.npy"


@pytest.fixture
def compress(problem, tmp_path, capsys):
    """Make a compressed copy of the problem's index from FAISS's name of it; returns its directory."""

    def run(factory):
        output = tmp_path / factory.partition(",")[0]
        argv = ["compress", "--index", problem.directory, "--factory", factory, "--output", output]
        index_main([str(part) for part in argv])
        capsys.readouterr()
        return output

    return run


@pytest.fixture
def coarse(compress, tmp_path):
    """A copy of the index in 2 bytes a document, and a .npy file of what is left of its vectors."""
    output = compress("PQ4x4")
    opened = IndexDirectory(output).open()
    np.save(tmp_path / "decoded.npy", opened.vectors(torch.arange(len(opened))).numpy())
    return output, tmp_path / "decoded.npy"


def measures(model):
    return json.loads((model / "pyserini_ltre.json").read_text())["measures"]


def lead_of_twins(problem, embeddings):
    """By how much the other documents of a query's topic score above its first one, on average."""
    index = IndexDirectory(problem.directory)
    products = embeddings @ index.open().vectors(torch.arange(len(index.docids))).numpy().T
    topics = [next(iter(grades)).split("-")[0] for grades in problem.dev[1].values()]
    rows = np.array([[index.row_of[f"{topic}-{number}"] for number in range(4)] for topic in topics])
    scores = np.take_along_axis(products, rows, axis=1)
    return float((scores[:, 1:] - scores[:, :1]).mean())


def test_unjudged_documents_above_the_best_relevant_one_are_not_pushed_away(problem, train, embed, tmp_path):
    """One document of each topic is judged; the three others are as good, and found first as often as not."""
    judged = {
        qid: {docid: 1 for docid in grades if docid.endswith("-0")} for qid, grades in problem.qrels.items()
    }
    write_qrels(tmp_path / "one.txt", judged)
    plain, wide, narrow = (
        embed(train(name, qrels=tmp_path / "one.txt", **options))
        for name, options in (
            ("plain", {}),
            ("wide", {"ignore_above": 1000}),
            ("narrow", {"ignore_above": 0}),
        )
    )
    np.testing.assert_array_equal(wide, plain)
    assert lead_of_twins(problem, narrow) > lead_of_twins(problem, plain) + 0.02


def test_search_backends_train_the_same(train, embed):
    """Till the end: a query half learned has relevant documents in near-ties with others, which bf16 may swap."""
    usual, exact, faiss, half = (
        train(name, epochs=40, **options)
        for name, options in (
            ("usual", {}),
            ("exact", {"search_backend": "exact"}),
            ("faiss", {"search_backend": "faiss"}),
            ("half", {"search_backend": "exact-bf16"}),
        )
    )
    assert measures(exact)["after"]["nDCG@10"] > measures(exact)["before"]["nDCG@10"] + 0.2
    np.testing.assert_array_equal(embed(usual), embed(exact))
    for other in (faiss, half):
        for moment in ("before", "after"):
            assert measures(other)[moment] == pytest.approx(measures(exact)[moment], abs=1e-3)
        np.testing.assert_allclose(embed(other), embed(exact), atol=1e-3)


def test_the_search_backend_that_is_named_does_the_search(train, compress):
    """An inverted file looks at one of its lists, as stored; exact search finds all 40 documents."""
    lists = compress("IVF8,Flat")
    found = {
        name: measures(train(name, index=lists, search_backend=name, epochs=1))["before"]["R@100"]
        for name in ("faiss", "exact", "exact-bf16")
    }
    assert found["faiss"] < 0.9
    assert found["exact"] == found["exact-bf16"] == 1.0
    assert measures(train("usual", index=lists, epochs=1))["before"]["R@100"] == found["faiss"]


def test_an_unknown_search_backend_is_refused_and_the_known_ones_named(train, capsys):
    with pytest.raises(SystemExit) as stopped:
        train("refused", search_backend="approximate")
    assert stopped.value.code == 2
    message = capsys.readouterr().err
    assert all(name in message for name in ("approximate", "exact", "exact-bf16", "faiss"))
    assert not train.output_of("refused").exists()


def test_a_compressed_index_is_learned_from(train, embed, coarse, original_vectors):
    index, decoded = coarse
    without, same, better = (
        train(name, index=index, **options)
        for name, options in (
            ("without", {}),
            ("same", {"vectors": decoded}),
            ("better", {"vectors": original_vectors}),
        )
    )
    for model in (without, better):
        assert measures(model)["after"]["nDCG@10"] > measures(model)["before"]["nDCG@10"] + 0.2
    # What the loss compares with is what was named: the decoded vectors change nothing, the original ones do.
    np.testing.assert_allclose(embed(same), embed(without), atol=1e-5)
    assert np.abs(embed(better) - embed(without)).max() > 1e-2
    # The search stays the index's own, with or without.
    assert measures(without)["before"] == measures(better)["before"]


@pytest.mark.parametrize(
    ("shape", "reason"),
    [
        ((40, 16), r"\(40, 16\).*32 dimensions"),
        ((39, 32), "39 vectors for the 40 documents"),
        ((40,), r"\(40,\)"),
    ],
)
def test_vectors_of_another_shape_are_refused_by_name(train, coarse, refused, tmp_path, shape, reason):
    np.save(tmp_path / "wrong.npy", np.ones(shape, np.float32))
    line = refused(lambda _: train("refused", index=coarse[0], vectors=tmp_path / "wrong.npy"))
    assert line.startswith(f"{tmp_path / 'wrong.npy'}: ")
    assert re.search(reason, line)
    assert not train.output_of("refused").exists()
