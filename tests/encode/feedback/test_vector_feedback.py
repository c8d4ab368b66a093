"""Feedback: what it computes, that it is saved and loaded, and what is refused."""

import json
import shutil

import numpy as np
import pytest
import torch
from small_input import DIMENSION

from pyserini_ltre.encode.backends import choose
from pyserini_ltre.encode.batching import encode_texts
from pyserini_ltre.encode.encode_collection import encode_collection
from pyserini_ltre.encode.feedback import Feedback, FeedbackWeights, fed_back
from pyserini_ltre.encode.model import BiEncoder
from pyserini_ltre.encode.pyserini_encoders import LtreDocumentEncoder, LtreQueryEncoder
from pyserini_ltre.encode.search import search
from pyserini_ltre.errors import InputError
from pyserini_ltre.index import IndexDirectory
from pyserini_ltre.train.query_side import QuerySideTrainer

WEIGHTS = FeedbackWeights(depth=3, share=0.4, sharpness=15.0)
QUERIES = ["open file", "sort list search", "parse a date", "hash map"]


@pytest.fixture
def encoder(tiny_encoder, index):
    encoder = BiEncoder.load(tiny_encoder)
    encoder.give_feedback(Feedback(IndexDirectory(index), WEIGHTS))
    return encoder


def by_hand(first, vectors, weights, unit):
    moved = []
    for query in first:
        best = np.argsort(-(vectors @ query))[: weights.depth]
        parts = np.exp(weights.sharpness * (vectors[best] @ query))
        moved.append((1 - weights.share) * query + weights.share * (parts / parts.sum()) @ vectors[best])
    return unit(np.array(moved))


def test_a_query_moves_toward_what_it_finds(encoder, tiny_encoder, vectors, unit):
    first = encode_texts(BiEncoder.load(tiny_encoder), QUERIES, "query")
    np.testing.assert_allclose(
        encode_texts(encoder, QUERIES, "query"), by_hand(first, vectors, WEIGHTS, unit), atol=1e-6
    )


def test_lengths_do_not_matter(vectors):
    queries, documents = torch.randn(4, DIMENSION), torch.from_numpy(vectors[:12]).view(4, 3, DIMENSION)
    scores = torch.einsum("bd,bkd->bk", queries, documents)
    once = fed_back(queries, scores, documents, WEIGHTS)
    longer = fed_back(5 * queries, 35 * scores, 7 * documents, WEIGHTS)
    torch.testing.assert_close(longer, 5 * once)


def test_documents_that_were_not_found_do_not_count(vectors):
    queries, documents = torch.randn(2, DIMENSION), torch.from_numpy(vectors[:6]).view(2, 3, DIMENSION)
    scores = torch.einsum("bd,bkd->bk", queries, documents)
    scores[0, 2], scores[1] = float("-inf"), float("-inf")
    moved = fed_back(queries, scores, documents, WEIGHTS)
    two = fed_back(queries[:1], scores[:1, :2], documents[:1, :2], WEIGHTS)
    torch.testing.assert_close(moved[:1], two)
    torch.testing.assert_close(moved[1], (1 - WEIGHTS.share) * queries[1])  # the direction is the query's


def test_it_is_saved_and_loaded(encoder, saved, vectors, index):
    loaded = BiEncoder.load(saved)
    assert loaded.feedback.weights == WEIGHTS
    np.testing.assert_array_equal(
        encode_texts(loaded, QUERIES, "query"), encode_texts(encoder, QUERIES, "query")
    )
    run = search(index, saved, {"q": QUERIES[0]}, hits=10, progress=False)
    best = max(run["q"], key=run["q"].get)
    scores = vectors @ encode_texts(encoder, QUERIES[:1], "query")[0]
    assert best == f"d{scores.argmax()}"


def test_pyserini_sees_the_same(encoder, saved):
    pyserinis = LtreQueryEncoder(str(saved))
    expected = encode_texts(encoder, QUERIES, "query")
    np.testing.assert_allclose(pyserinis.encode_batch(QUERIES), expected, atol=1e-6)
    alone = np.stack([pyserinis.encode(query) for query in QUERIES])
    np.testing.assert_array_equal(alone, pyserinis.encode_batch(QUERIES))


def test_another_back_end_computes_the_first_embedding(encoder):
    pytest.importorskip("onnxruntime")
    forward = choose(encoder, "onnx", "fp32")
    assert forward.backend == "onnx"
    token_ids = encoder.tokenize(QUERIES, "query")
    np.testing.assert_allclose(
        forward(encoder.pad(token_ids)), encode_texts(encoder, QUERIES, "query"), atol=1e-5
    )


def test_with_no_document_nothing_moves(encoder, index, tiny_encoder):
    encoder.give_feedback(Feedback(IndexDirectory(index), FeedbackWeights(0, 0.4, 15.0)))
    expected = encode_texts(BiEncoder.load(tiny_encoder), QUERIES, "query")
    np.testing.assert_array_equal(encode_texts(encoder, QUERIES, "query"), expected)


def test_sentence_transformers_reads_the_encoder_without(saved, tiny_encoder):
    from sentence_transformers import SentenceTransformer

    np.testing.assert_allclose(
        SentenceTransformer(str(saved), device="cpu").encode(QUERIES),
        encode_texts(BiEncoder.load(tiny_encoder), QUERIES, "query"),
        atol=1e-5,
    )


def test_more_documents_than_there_are(index):
    with pytest.raises(InputError, match=r"feedback of 51 documents, but the index has 50; .*`depth`"):
        Feedback(IndexDirectory(index), FeedbackWeights(51, 0.3, 10.0))


def test_its_index_has_to_be_there(saved, index):
    shutil.rmtree(index)
    with pytest.raises(
        InputError, match=rf"{saved}/pyserini_ltre.json: .*{index}, which is not there; put it"
    ):
        BiEncoder.load(saved)


def test_its_index_has_to_be_as_it_was(saved, index, vectors, write_index):
    docids = [f"d{number}" for number in range(len(vectors))]
    write_index(index, vectors[::-1].copy(), docids)
    with pytest.raises(InputError, match=rf"{index} has changed since its feedback was learned; learn"):
        BiEncoder.load(saved)
    write_index(index, vectors[:40], docids[:40])
    with pytest.raises(InputError, match=rf"learned on 50 documents, but the index {index} has 40; learn"):
        BiEncoder.load(saved)
    write_index(index, np.ones((50, 8), np.float32), docids)
    with pytest.raises(InputError, match="its vectors have 8 dimensions, those of encoder"):
        BiEncoder.load(saved)


@pytest.mark.parametrize(
    "change",
    [
        lambda feedback: feedback.pop("index"),
        lambda feedback: feedback.update(depth="3"),
        lambda feedback: feedback.update(depth=-1),
        lambda feedback: feedback.update(share=1.5),
        lambda feedback: feedback.update(index=[]),
    ],
)
def test_a_damaged_record(saved, change):
    file = saved / "pyserini_ltre.json"
    content = json.loads(file.read_text())
    change(content["feedback"])
    file.write_text(json.dumps(content))
    with pytest.raises(InputError, match=rf"{file}: .*; learn the feedback anew"):
        BiEncoder.load(saved)


def test_what_cannot_be_done_with_it(encoder, saved, index, tmp_path):
    with pytest.raises(InputError, match="encodes queries only"):
        LtreDocumentEncoder(str(saved)).encode(["a text"])
    with pytest.raises(InputError, match="encodes queries only"):
        encode_collection("python-stdlib", encoder, tmp_path / "out")
    with pytest.raises(InputError, match="searches an index while it embeds, which training cannot do"):
        QuerySideTrainer(encoder, index)
