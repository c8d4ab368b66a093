"""Feedback from texts: what is read, that it is saved and loaded, and what is refused."""

import json
import shutil

import numpy as np
import pytest
import torch
from transformers import AutoModel

from pyserini_ltre.collection.records import Document
from pyserini_ltre.encode.backends import choose
from pyserini_ltre.encode.batching import encode_texts
from pyserini_ltre.encode.feedback import Feedback, FeedbackWeights
from pyserini_ltre.encode.feedback.passages import Passages
from pyserini_ltre.encode.feedback.reader import Reader
from pyserini_ltre.encode.feedback.reading import Reading
from pyserini_ltre.encode.model import BiEncoder
from pyserini_ltre.encode.pyserini_encoders import LtreQueryEncoder
from pyserini_ltre.errors import InputError
from pyserini_ltre.index import IndexDirectory

QUERIES = ["open file", "sort list search", "parse a date", "hash map"]
WEIGHTS = FeedbackWeights(depth=3, share=0.2, sharpness=15.0, read=2, reading_share=0.3)
TEXTS = ["read a line", "sort", "stack and queue of a thread", "", "graph"]


class Documents:
    """A collection of given texts."""

    def __init__(self, texts):
        self.texts = texts

    def documents(self):
        for docid, text in self.texts.items():
            yield Document(docid, "", text)


@pytest.fixture
def texts(index):
    return {docid: TEXTS[row % len(TEXTS)] for row, docid in enumerate(IndexDirectory(index).docids)}


@pytest.fixture
def base(tiny_encoder):
    return BiEncoder.load(tiny_encoder)


@pytest.fixture
def passages(texts, index, base):
    return Passages.of_collection(Documents(texts), IndexDirectory(index), base.tokenizer)


def with_feedback(tiny_encoder, index, passages, weights=WEIGHTS):
    encoder = BiEncoder.load(tiny_encoder)
    reading = Reading.of(encoder, passages)
    encoder.give_feedback(Feedback(IndexDirectory(index), weights, reading=reading))
    return encoder


@pytest.fixture
def encoder(tiny_encoder, index, passages):
    return with_feedback(tiny_encoder, index, passages)


def read_by_hand(tiny_encoder, base, query, documents):
    """The mean over the query's tokens of the backbone's states of all."""
    tokenizer = base.tokenizer
    ids = tokenizer(query)["input_ids"]
    of_query = len(ids)
    for document in documents:
        ids = [*ids, *tokenizer(document, add_special_tokens=False)["input_ids"], tokenizer.sep_token_id]
    with torch.no_grad():
        states = AutoModel.from_pretrained(tiny_encoder)(input_ids=torch.tensor([ids])).last_hidden_state
    vector = states[0, :of_query].mean(0).numpy()
    return vector / np.linalg.norm(vector)


def test_the_reading_has_its_share(encoder, base, tiny_encoder, vectors, texts, unit):
    for query, first, found in zip(
        QUERIES,
        encode_texts(base, QUERIES, "query"),
        encode_texts(encoder, QUERIES, "query"),
        strict=True,
    ):
        best = np.argsort(-(vectors @ first))[:3]
        parts = np.exp(15.0 * (vectors[best] @ first))
        near = (parts / parts.sum()) @ vectors[best]
        reading = read_by_hand(tiny_encoder, base, query, [texts[f"d{row}"] for row in best[:2]])
        np.testing.assert_allclose(found, unit(0.5 * first + 0.2 * near + 0.3 * reading), atol=1e-6)


def test_without_documents_a_reader_is_the_encoder(base):
    batch = base.pad(base.tokenize(QUERIES, "query"))
    with torch.no_grad():
        torch.testing.assert_close(Reader.of(base)(**batch), base(**batch), rtol=0, atol=0)


def test_what_is_too_long_is_cut(base):
    reader = Reader.of(base)
    joined = reader.joined([2, 9, 3], [[8] * 100, [7] * 100])
    assert joined == [2, 9, 3, *[8] * 100, 3, *[7] * 24]  # of 128 positions
    assert reader.joined([2, 9, 3], []) == [2, 9, 3]


def test_it_is_saved_and_loaded(encoder, saved):
    loaded = BiEncoder.load(saved)
    assert loaded.feedback.weights == WEIGHTS
    np.testing.assert_array_equal(
        encode_texts(loaded, QUERIES, "query"), encode_texts(encoder, QUERIES, "query")
    )


def test_pyserini_sees_the_same(encoder, saved):
    pyserinis = LtreQueryEncoder(str(saved))
    together = pyserinis.encode_batch(QUERIES)
    np.testing.assert_allclose(together, encode_texts(encoder, QUERIES, "query"), atol=1e-6)
    alone = np.stack([pyserinis.encode(query) for query in QUERIES])
    np.testing.assert_array_equal(alone, together)


@pytest.mark.parametrize("backend", ["onnx", "openvino"])
def test_another_back_end_reads(backend, encoder, saved, monkeypatch):
    pytest.importorskip({"onnx": "onnxruntime"}.get(backend, backend))
    forward = choose(encoder, backend, "fp32")
    assert forward.backend == backend
    expected = encode_texts(encoder, QUERIES, "query")
    found = forward(encoder.pad(encoder.tokenize(QUERIES, "query")))
    np.testing.assert_allclose(found, expected, atol=1e-5)
    monkeypatch.setenv("PYSERINI_LTRE_BACKEND", backend)
    pyserinis = LtreQueryEncoder(str(saved))
    np.testing.assert_allclose(pyserinis.encode_batch(QUERIES), expected, atol=1e-5)


def test_with_no_document_nothing_is_read(tiny_encoder, index, passages, base):
    encoder = with_feedback(tiny_encoder, index, passages, FeedbackWeights(0, 0.2, 1.0, 0, 0.3))
    np.testing.assert_array_equal(
        encode_texts(encoder, QUERIES, "query"), encode_texts(base, QUERIES, "query")
    )


def test_texts_are_in_the_order_of_the_index(texts, index, base, passages):
    backwards = dict(reversed(texts.items())) | {"more": "a document that the index lacks"}
    again = Passages.of_collection(Documents(backwards), IndexDirectory(index), base.tokenizer)
    np.testing.assert_array_equal(again.tokens, passages.tokens)
    np.testing.assert_array_equal(again.starts, passages.starts)
    words = [base.tokenizer.decode(passages[row]) for row in range(len(TEXTS))]
    assert words == TEXTS


def test_texts_are_cut(texts, index, base):
    cut = Passages.of_collection(Documents(texts), IndexDirectory(index), base.tokenizer, length=2)
    assert base.tokenizer.decode(cut[2]) == "stack a"


def test_a_document_without_a_text(texts, index, base):
    del texts["d7"], texts["d9"]
    with pytest.raises(
        InputError, match=rf"{index}: 2 of its 50 documents, d7 first, are not in the collection; name"
    ):
        Passages.of_collection(Documents(texts), IndexDirectory(index), base.tokenizer)


def test_texts_have_to_be_there_and_whole(saved, passages):
    folder = saved / "passages"
    with open(folder / "tokens.npy", "r+b") as file:
        file.truncate(200)
    with pytest.raises(InputError, match=rf"{folder}/tokens.npy: damaged .*; learn the feedback anew"):
        BiEncoder.load(saved)
    np.save(folder / "tokens.npy", passages.tokens[:-1])
    with pytest.raises(
        InputError, match=rf"{folder}: not the texts of 50 documents; learn the feedback anew"
    ):
        BiEncoder.load(saved)
    np.save(folder / "tokens.npy", passages.tokens.astype(np.float32))
    with pytest.raises(InputError, match="not the texts of 50 documents"):
        BiEncoder.load(saved)
    shutil.rmtree(folder)
    with pytest.raises(InputError, match=rf"{folder}/starts.npy: not there; copy the complete directory"):
        BiEncoder.load(saved)


def test_shares_of_more_than_all(saved):
    file = saved / "pyserini_ltre.json"
    content = json.loads(file.read_text())
    content["feedback"]["reading_share"] = 0.9
    file.write_text(json.dumps(content))
    with pytest.raises(InputError, match=rf"{file}: feedback of 3 documents, .*; learn the feedback anew"):
        BiEncoder.load(saved)


def test_an_encoder_that_cannot_read(base):
    base.update_settings(pooling="last")
    with pytest.raises(InputError, match=r"cannot read documents beside a query, .* without `texts`"):
        Reader.of(base)
