"""What Pyserini sees gives what Pyserini's own encoders give (importing Pyserini starts a JVM)."""

import numpy as np
import pytest

TEXTS = ["sort list", "open the file and read it, then close it again", "query"]
TITLES = ["Sort", "Read", "Search"]


@pytest.fixture(scope="module")
def pyserini_encode():
    from pyserini_ltre.plugin import hook

    hook.install()  # finds a Java that is new enough
    import pyserini.encode

    return pyserini.encode


@pytest.fixture(scope="module")
def ours(pyserini_encode):
    from pyserini_ltre.encode import pyserini_encoders

    return pyserini_encoders


@pytest.mark.parametrize("prefix", [None, "find"])
def test_query_encoder_equals_auto_query_encoder(pyserini_encode, ours, tiny_encoder, prefix):
    theirs = pyserini_encode.AutoQueryEncoder(str(tiny_encoder), pooling="mean", l2_norm=True, prefix=prefix)
    encoder = ours.LtreQueryEncoder(str(tiny_encoder), tokenizer_name="passed by Pyserini", prefix=prefix)
    expected = np.stack([theirs.encode(text) for text in TEXTS])
    assert isinstance(encoder, pyserini_encode.QueryEncoder)
    assert encoder.dimension == 32
    np.testing.assert_allclose(encoder.encode_batch(TEXTS), expected, atol=1e-6)
    np.testing.assert_allclose(encoder.encode(TEXTS[1]), expected[1], atol=1e-6)
    assert encoder.encode(TEXTS[1]).shape == (32,)


@pytest.mark.parametrize("titles", [None, TITLES])
def test_document_encoder_equals_auto_document_encoder(pyserini_encode, ours, tiny_encoder, titles):
    theirs = pyserini_encode.AutoDocumentEncoder(
        str(tiny_encoder), device="cpu", pooling="mean", l2_norm=True
    )
    encoder = ours.LtreDocumentEncoder(str(tiny_encoder), device="cpu")
    assert isinstance(encoder, pyserini_encode.DocumentEncoder)
    expected = theirs.encode(TEXTS, titles=titles, max_length=64)
    np.testing.assert_allclose(encoder.encode(TEXTS, titles=titles, max_length=64), expected, atol=1e-6)


def test_documents_without_titles_may_come_with_a_list_of_none(ours, tiny_encoder):
    encoder = ours.LtreDocumentEncoder(str(tiny_encoder), device="cpu")
    np.testing.assert_array_equal(encoder.encode(TEXTS, titles=[None] * 3), encoder.encode(TEXTS))


def test_length_of_one_call_does_not_bind_the_next(ours, tiny_encoder):
    encoder = ours.LtreDocumentEncoder(str(tiny_encoder), device="cpu")
    whole = encoder.encode(TEXTS, max_length=64)
    assert not np.allclose(encoder.encode(TEXTS, max_length=4)[1], whole[1], atol=1e-3)
    np.testing.assert_array_equal(encoder.encode(TEXTS, max_length=64), whole)
    np.testing.assert_array_equal(
        encoder.encode(TEXTS, max_length=1000), whole
    )  # the model's own limit is 64


def test_fp16_is_near_full_precision(ours, tiny_encoder):
    full, half = (
        ours.LtreQueryEncoder(str(tiny_encoder), fp16=fp16).encode_batch(TEXTS) for fp16 in (False, True)
    )
    assert half.dtype == np.float32
    assert ((full * half).sum(1) > 0.999).all()
