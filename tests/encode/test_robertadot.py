"""A RobertaDot checkpoint (ANCE, STAR, ADORE) loads as it is: CLS state, linear layer, LayerNorm."""

import json

import numpy as np
import pytest
import torch
from safetensors.torch import save_file
from sentence_transformers import SentenceTransformer
from transformers import AutoTokenizer, RobertaConfig, RobertaModel

from pyserini_ltre.encode.batching import encode_texts
from pyserini_ltre.encode.model import BiEncoder
from pyserini_ltre.errors import InputError

TEXTS = [
    "open read close",
    "sort",
    "query document index vector search list queue stack tree graph hash map set",
]


def save_checkpoint(
    directory, tiny_encoder, form="safetensors", architecture="RobertaDot_NLL_LN", left_out=()
):
    """Save a small random RobertaDot under its published weight names; return its parts and its tokenizer."""
    torch.manual_seed(3)
    tokenizer = AutoTokenizer.from_pretrained(tiny_encoder)
    config = RobertaConfig(
        vocab_size=len(tokenizer) + 2,
        hidden_size=32,
        num_hidden_layers=2,
        num_attention_heads=2,
        intermediate_size=48,
        max_position_embeddings=66,
        type_vocab_size=1,
        pad_token_id=tokenizer.pad_token_id,
    )
    roberta = RobertaModel(config).eval()
    head, norm = torch.nn.Linear(32, 24), torch.nn.LayerNorm(24)
    torch.nn.init.normal_(norm.weight)
    torch.nn.init.normal_(norm.bias)
    parts = {"roberta": roberta, "embeddingHead": head, "norm": norm}
    weights = {
        f"{part}.{name}": value.clone().contiguous()
        for part, module in parts.items()
        for name, value in module.state_dict().items()
    }
    weights["roberta.embeddings.position_ids"] = torch.arange(66).unsqueeze(0)  # as older checkpoints have it
    weights = {name: value for name, value in weights.items() if name not in left_out}
    directory.mkdir(exist_ok=True)
    (directory / "config.json").write_text(json.dumps({**config.to_dict(), "architectures": [architecture]}))
    tokenizer.save_pretrained(directory)
    if form == "safetensors":
        save_file(weights, directory / "model.safetensors")
    else:
        torch.save(weights, directory / "pytorch_model.bin")
    return roberta, head, norm, tokenizer


def direct(roberta, head, norm, tokenizer):
    """CLS -> Linear -> LayerNorm, each text by itself."""
    with torch.no_grad():
        inputs = [tokenizer(text, return_tensors="pt", return_token_type_ids=False) for text in TEXTS]
        return torch.cat([norm(head(roberta(**one).last_hidden_state[:, 0])) for one in inputs]).numpy()


@pytest.mark.parametrize(
    ("form", "architecture"),
    [("safetensors", "RobertaDot_NLL_LN"), ("bin", "RobertaDot_InBatch"), ("bin", "AnceEncoder")],
)
def test_embeddings_equal_a_direct_evaluation(tiny_encoder, tmp_path, form, architecture):
    expected = direct(*save_checkpoint(tmp_path, tiny_encoder, form, architecture))
    encoder = BiEncoder.load(tmp_path)
    assert encoder.dimension == 24
    assert encoder.settings.pooling == "cls"
    assert not encoder.normalises
    assert encoder.settings.query_max_length == 65  # position 0 is the padding's
    np.testing.assert_allclose(encode_texts(encoder, TEXTS, "query"), expected, atol=1e-5)


def test_longest_input_has_positions(tiny_encoder, tmp_path):
    save_checkpoint(tmp_path, tiny_encoder)
    encoder = BiEncoder.load(tmp_path)
    assert np.isfinite(encode_texts(encoder, ["word " * 500], "document")).all()


def test_round_trip_and_sentence_transformers(tiny_encoder, tmp_path):
    expected = direct(*save_checkpoint(tmp_path / "checkpoint", tiny_encoder))
    (tmp_path / "saved").mkdir()
    BiEncoder.load(tmp_path / "checkpoint").save(tmp_path / "saved")
    again = BiEncoder.load(tmp_path / "saved")
    assert again.dimension == 24
    assert again.settings.pooling == "cls"
    np.testing.assert_allclose(encode_texts(again, TEXTS, "query"), expected, atol=1e-5)
    theirs = SentenceTransformer(str(tmp_path / "saved"), device="cpu")
    np.testing.assert_allclose(theirs.encode(TEXTS), expected, atol=1e-5)
    assert theirs.similarity_fn_name == "dot"


@pytest.mark.parametrize(
    "name", ["embeddingHead.weight", "norm.bias", "roberta.encoder.layer.1.output.dense.weight"]
)
def test_incomplete_checkpoint_is_refused(tiny_encoder, tmp_path, name):
    save_checkpoint(tmp_path, tiny_encoder, left_out=[name])
    with pytest.raises(InputError, match=rf"{name}.*take the complete checkpoint"):
        BiEncoder.load(tmp_path)
