"""Many texts: their order, precision, prefixes, lengths, and the encoder left as it was."""

import numpy as np
import pytest
import torch

from pyserini_ltre.encode import batching
from pyserini_ltre.encode.backends.forward import resolve_precision
from pyserini_ltre.encode.batching import encode_stream, encode_texts
from pyserini_ltre.encode.model import BiEncoder
from pyserini_ltre.encode.settings import document_text

WORDS = (
    "open close read write sort search query document index vector train encode parse split join path".split()
)
# Lengths go up and down, so that sorting by length changes the order of nearly all.
TEXTS = [" ".join(WORDS[: (7 * i) % 16 + 1]) + f" {i}" for i in range(50)]


@pytest.fixture(scope="module")
def encoder(tiny_encoder):
    return BiEncoder.load(tiny_encoder)


def test_order_is_kept_whatever_the_lengths_batches_and_windows(encoder, monkeypatch):
    one_by_one = np.concatenate([encode_texts(encoder, [text], "query") for text in TEXTS])
    np.testing.assert_allclose(encode_texts(encoder, TEXTS, "query", batch_size=7), one_by_one, atol=1e-6)
    monkeypatch.setattr(batching, "WINDOW", 16)
    windows = list(encode_stream(encoder, iter(TEXTS), "query", batch_size=3))
    assert [len(window) for window in windows] == [16, 16, 16, 2]
    np.testing.assert_allclose(np.concatenate(windows), one_by_one, atol=1e-6)


def test_bf16_is_near_fp32_and_comes_back_as_float32(encoder):
    full, half = (encode_texts(encoder, TEXTS, "document", precision=p) for p in ("fp32", "bf16"))
    assert full.dtype == half.dtype == np.float32
    assert not np.array_equal(full, half)
    assert ((full * half).sum(1) > 0.999).all()


def test_auto_is_a_precision_that_the_device_has():
    assert resolve_precision("auto", torch.device("cpu")) in ("fp32", "bf16")
    assert resolve_precision("bf16", torch.device("cpu")) == "bf16"


def test_no_text_gives_an_empty_array(encoder):
    empty = encode_texts(encoder, [], "query")
    assert empty.shape == (0, 32)
    assert empty.dtype == np.float32


def test_prefix_and_length_belong_to_their_side(tiny_encoder):
    plain = BiEncoder.load(tiny_encoder)
    both = BiEncoder.load(tiny_encoder)
    both.update_settings(query_prefix="find ", query_max_length=5, document_max_length=None)
    assert [len(ids) for ids in both.tokenize(["open close read write sort"], "query")] == [5]
    queries = encode_texts(both, ["sort list", "open"], "query")
    np.testing.assert_allclose(
        queries, encode_texts(plain, ["find sort list", "find open"], "query"), atol=1e-6
    )
    documents = encode_texts(both, TEXTS, "document")
    np.testing.assert_allclose(documents, encode_texts(plain, TEXTS, "document"), atol=1e-6)


def test_mode_of_the_encoder_is_put_back(tiny_encoder):
    encoder = BiEncoder.load(tiny_encoder).train()
    first, second = (encode_texts(encoder, TEXTS[:4], "query") for _ in range(2))
    assert encoder.training
    np.testing.assert_array_equal(first, second)  # no dropout


@pytest.mark.parametrize(
    ("title", "text", "expected"),
    [
        ("a title", "a text", "a title a text"),
        (None, "a text", "a text"),
        ("", "a text", "a text"),
        ("t", "", "t"),
    ],
)
def test_title_and_text_are_joined_by_a_space(title, text, expected):
    assert document_text(title, text) == expected


@pytest.mark.parametrize(
    ("title", "text", "expected"),
    [
        ("https://a.org/b A title ", "The body\n", "https://a.org/b<sep>A title<sep>The body"),
        ("http://b.org", "", "http://b.org<sep><sep>"),
        ("A title", "The body", "A title<sep>The body"),
        ("", "The body", "The body"),
        (None, None, ""),
        ("http://a.org T", "x" * 20_000, "http://a.org<sep>T<sep>" + "x" * (10_000 - 23)),
    ],
)
def test_document_text_in_the_form_of_star(title, text, expected):
    assert document_text(title, text, "star") == expected
