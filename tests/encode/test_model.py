"""The bi-encoder gives what sentence-transformers gives, loads what it saved, and says what is missing."""

import json
import shutil

import numpy as np
import pytest
import torch
from safetensors.torch import load_file, save_file
from sentence_transformers import SentenceTransformer

from pyserini_ltre.encode.batching import encode_texts
from pyserini_ltre.encode.model import BiEncoder
from pyserini_ltre.errors import InputError

TEXTS = [
    "open read close",
    "sort",
    "query document index vector search list queue stack tree graph hash map set add remove find count",
    "train an encoder, decode the value; join path_name 42",
    "",
]
POOLING = "1_Pooling/config.json"


@pytest.fixture
def model_directory(tiny_encoder, tmp_path):
    """A copy of the tiny encoder that a test may change."""
    return shutil.copytree(tiny_encoder, tmp_path / "model")


def write(path, content):
    path.write_text(json.dumps(content))


@pytest.mark.parametrize("pooling", ["mean", "cls"])
def test_embeddings_equal_those_of_sentence_transformers(model_directory, pooling):
    modes = {f"pooling_mode_{mode}": mode.startswith(pooling) for mode in ("cls_token", "mean_tokens")}
    write(model_directory / POOLING, {"word_embedding_dimension": 32, **modes})
    ours = encode_texts(BiEncoder.load(model_directory), TEXTS, "query", batch_size=2)
    theirs = SentenceTransformer(str(model_directory), device="cpu").encode(TEXTS)
    np.testing.assert_allclose(ours, theirs, atol=1e-6)
    np.testing.assert_allclose(np.linalg.norm(ours, axis=1), 1.0, atol=1e-6)


@pytest.mark.parametrize(
    ("config", "expected"),
    [
        ({"embedding_dimension": 32, "pooling_mode": "mean"}, "mean"),
        ({"embedding_dimension": 32, "pooling_mode": "cls"}, "cls"),
        ({"embedding_dimension": 32, "pooling_mode": ["lasttoken"]}, "last"),
        (
            {
                "word_embedding_dimension": 32,
                "pooling_mode_cls_token": True,
                "pooling_mode_mean_tokens": False,
            },
            "cls",
        ),
        ({"word_embedding_dimension": 32, "pooling_mode_lasttoken": True}, "last"),
    ],
)
def test_pooling_is_read_in_its_old_and_its_new_form(model_directory, config, expected):
    write(model_directory / POOLING, config)
    assert BiEncoder.load(model_directory).settings.pooling == expected
    assert BiEncoder.load(model_directory, pooling="mean").settings.pooling == "mean"


@pytest.mark.parametrize(
    "config",
    [
        {"pooling_mode": "max"},
        {"pooling_mode_mean_tokens": True, "pooling_mode_cls_token": True},
        {"pooling_mode_mean_tokens": False},
    ],
)
def test_other_poolings_are_refused(model_directory, config):
    write(model_directory / POOLING, {"word_embedding_dimension": 32, **config})
    with pytest.raises(InputError, match=r"1_Pooling/config.json: pooling .*cls, mean, last"):
        BiEncoder.load(model_directory)


def test_saved_encoder_loads_again_and_in_sentence_transformers(tiny_encoder, tmp_path):
    encoder = BiEncoder.load(tiny_encoder, pooling="cls")
    encoder.update_settings(query_prefix="query: ", document_prefix="document: ", query_max_length=6)
    encoder.save(tmp_path, method="ltre")

    again = BiEncoder.load(tmp_path)
    assert again.settings == encoder.settings
    assert again.normalises
    assert json.loads((tmp_path / "pyserini_ltre.json").read_text())["method"] == "ltre"

    theirs = SentenceTransformer(str(tmp_path), device="cpu")
    documents = encode_texts(again, TEXTS, "document")
    np.testing.assert_allclose(documents, encode_texts(encoder, TEXTS, "document"), atol=1e-6)
    np.testing.assert_allclose(documents, theirs.encode_document(TEXTS), atol=1e-6)
    # One length is all that sentence-transformers knows: the longer one, that of documents.
    short = ["sort list", "open"]
    np.testing.assert_allclose(encode_texts(again, short, "query"), theirs.encode_query(short), atol=1e-6)
    assert theirs.max_seq_length == encoder.settings.document_max_length == 64
    assert theirs.similarity_fn_name == "cosine"


def test_directory_that_sentence_transformers_saved_is_read(tiny_encoder, tmp_path):
    theirs = SentenceTransformer(
        str(tiny_encoder), device="cpu", prompts={"query": "find: ", "document": "text: "}
    )
    theirs.max_seq_length = 9
    theirs.save(str(tmp_path))
    ours = BiEncoder.load(tmp_path)
    assert (ours.settings.query_prefix, ours.settings.document_prefix) == ("find: ", "text: ")
    assert ours.settings.query_max_length == ours.settings.document_max_length == 9
    np.testing.assert_allclose(encode_texts(ours, TEXTS, "query"), theirs.encode_query(TEXTS), atol=1e-6)
    np.testing.assert_allclose(
        encode_texts(ours, TEXTS, "document"), theirs.encode_document(TEXTS), atol=1e-6
    )


def test_plain_hugging_face_directory_is_mean_pooled_and_not_normalised(model_directory):
    (model_directory / "modules.json").unlink()
    (model_directory / "sentence_bert_config.json").unlink()
    shutil.rmtree(model_directory / "1_Pooling")
    encoder = BiEncoder.load(model_directory)
    assert encoder.settings.pooling == "mean"
    assert not encoder.normalises
    assert encoder.settings.query_max_length == 128  # what the backbone has positions for
    unit = encode_texts(BiEncoder.load(model_directory, normalise=True), TEXTS, "query")
    raw = encode_texts(encoder, TEXTS, "query")
    np.testing.assert_allclose(unit, raw / np.linalg.norm(raw, axis=1, keepdims=True), atol=1e-6)


def test_normalisation_can_be_left_out(tiny_encoder):
    encoder = BiEncoder.load(tiny_encoder, normalise=False)
    assert not encoder.normalises
    assert encoder.dimension == 32
    assert np.linalg.norm(encode_texts(encoder, TEXTS[:1], "query")) > 1.5


@pytest.mark.parametrize("side", ["left", "right"])
def test_last_token_pooling_equals_each_text_by_itself(tiny_encoder, tmp_path, side):
    from transformers import AutoTokenizer, Qwen2Config, Qwen2Model

    tokenizer = AutoTokenizer.from_pretrained(tiny_encoder, padding_side=side)
    tokenizer.save_pretrained(tmp_path)
    torch.manual_seed(1)
    sizes = {"hidden_size": 32, "intermediate_size": 48, "num_hidden_layers": 2}
    heads = {"num_attention_heads": 2, "num_key_value_heads": 1}
    backbone = Qwen2Model(Qwen2Config(vocab_size=len(tokenizer), **sizes, **heads)).eval()
    backbone.save_pretrained(tmp_path)

    encoder = BiEncoder.load(tmp_path, pooling="last")
    assert encoder.tokenizer.padding_side == side
    token_ids = [torch.tensor([ids]) for ids in encoder.tokenize(TEXTS, "query")]
    with torch.no_grad():
        alone = [backbone(ids).last_hidden_state[0, -1] for ids in token_ids]
    embeddings = encode_texts(encoder, TEXTS, "query", batch_size=len(TEXTS))
    np.testing.assert_allclose(embeddings, torch.stack(alone).numpy(), atol=1e-5)


def test_missing_parts_are_named(model_directory):
    def refused(pattern):
        with pytest.raises(InputError, match=pattern) as caught:
            BiEncoder.load(model_directory)
        assert "\n" not in str(caught.value)

    (model_directory / POOLING).write_text('{\n"pooling_mode": ')
    refused(r"config.json:2: not JSON")
    modules = json.loads((model_directory / "modules.json").read_text())
    write(model_directory / POOLING, {"pooling_mode": "mean"})
    write(
        model_directory / "modules.json",
        [*modules, {"path": "3_CNN", "type": "sentence_transformers.models.CNN"}],
    )
    refused("module CNN is not supported")
    write(model_directory / "modules.json", modules)
    for file in model_directory.glob("tokenizer*"):
        file.unlink()
    refused("no tokenizer files")
    (model_directory / "model.safetensors").unlink()
    refused("no weights .*model.safetensors")
    (model_directory / "config.json").unlink()
    refused("no config.json")


def test_weights_of_another_model_are_refused_not_replaced_by_random_ones(model_directory):
    from safetensors.torch import save_file

    save_file({"something.else": torch.zeros(2)}, model_directory / "model.safetensors", {"format": "pt"})
    with pytest.raises(InputError, match="weights"):
        BiEncoder.load(model_directory)


def test_unknown_hub_name_is_one_line(tmp_path):
    with pytest.raises(
        InputError, match=r"encoder no-such-owner/no-such-model: neither a directory nor"
    ) as caught:
        BiEncoder.load("no-such-owner/no-such-model")
    assert "\n" not in str(caught.value)
    with pytest.raises(InputError, match="neither a directory nor"):
        BiEncoder.load(tmp_path / "missing" / "model")


def test_unexpected_weights_are_refused_unless_the_model_has_a_head(model_directory):
    weights = load_file(model_directory / "model.safetensors")
    save_file(
        {**weights, "strange.weight": torch.zeros(2), "embeddings.position_ids": torch.arange(2)},
        model_directory / "model.safetensors",
        metadata={"format": "pt"},
    )
    with pytest.raises(
        InputError, match=r": 1 weights do not fit BertModel: unexpected strange.weight; .*`allow_partial`"
    ):
        BiEncoder.load(model_directory)
    with pytest.warns(UserWarning, match="strange.weight"):
        BiEncoder.load(model_directory, allow_partial=True)
    config = json.loads((model_directory / "config.json").read_text())
    write(model_directory / "config.json", {**config, "architectures": ["BertForMaskedLM"]})
    BiEncoder.load(model_directory)
