"""What Pyserini sees gives what Pyserini's own encoders give (importing Pyserini starts a JVM)."""

import numpy as np
import pytest
import torch

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


@pytest.fixture
def threads():
    """Set torch's threads for a test."""
    before = torch.get_num_threads()
    yield torch.set_num_threads
    torch.set_num_threads(before)


MANY = [" ".join(TEXTS[i % 3].split()[: i % 11 + 1]) for i in range(60)]


@pytest.mark.parametrize("pooling", ["mean", "cls"])
def test_last_bit_is_the_same_alone_in_company_and_in_pyserini(
    pyserini_encode, ours, tiny_encoder, threads, pooling
):
    threads(1)
    theirs = pyserini_encode.AutoQueryEncoder(str(tiny_encoder), pooling=pooling, l2_norm=True)
    expected = np.stack([theirs.encode(text) for text in MANY])
    encoder = ours.LtreQueryEncoder(str(tiny_encoder))
    encoder.encoder.update_settings(pooling=pooling)
    for count in (1, 3):
        threads(count)
        np.testing.assert_array_equal(np.stack([encoder.encode(text) for text in MANY]), expected)
        np.testing.assert_array_equal(encoder.encode_batch(MANY), expected)
        assert torch.get_num_threads() == count


def test_a_head_gives_the_same_alone_and_in_company(ours, tiny_encoder):
    encoder = ours.LtreQueryEncoder(str(tiny_encoder))
    torch.manual_seed(3)
    encoder.encoder.head.insert(0, torch.nn.Linear(32, 48))
    encoder.encoder.head.insert(1, torch.nn.LayerNorm(48))
    alone = np.stack([encoder.encode(text) for text in MANY])
    np.testing.assert_array_equal(encoder.encode_batch(MANY), alone)
    tokens = encoder.encoder.tokenize(MANY[:1], "query")
    with torch.inference_mode():
        np.testing.assert_allclose(alone[0], encoder.encoder(**encoder.encoder.pad(tokens))[0], atol=1e-6)


def test_no_query_gives_an_empty_array(ours, tiny_encoder):
    assert ours.LtreQueryEncoder(str(tiny_encoder)).encode_batch([]).shape == (0, 32)


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
