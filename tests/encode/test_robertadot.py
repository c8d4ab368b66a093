"""A RobertaDot checkpoint (ANCE, STAR, ADORE) loads as it is: CLS state, linear layer, LayerNorm."""

import json

import numpy as np
import pytest
import torch
from safetensors.torch import save_file
from sentence_transformers import SentenceTransformer
from tokenizers import ByteLevelBPETokenizer
from transformers import AutoModel, AutoTokenizer, PreTrainedTokenizerBase, RobertaConfig, RobertaModel

from pyserini_ltre.encode.batching import encode_texts
from pyserini_ltre.encode.model import BiEncoder
from pyserini_ltre.errors import InputError

TEXTS = [
    "open read close",
    "sort",
    "query document index vector search list queue stack tree graph hash map set",
]


def save_checkpoint(
    directory, tokenizer, form="safetensors", architecture="RobertaDot_NLL_LN", left_out=(), more=()
):
    """Save a small random RobertaDot under its published weight names; return its parts and its tokenizer."""
    torch.manual_seed(3)
    if not isinstance(tokenizer, PreTrainedTokenizerBase):
        tokenizer = AutoTokenizer.from_pretrained(tokenizer)
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
    weights["classifier.dense.weight"] = torch.zeros(32, 32)  # as those of ANCE have it
    weights = {name: value for name, value in weights.items() if name not in left_out}
    weights |= {name: torch.zeros(2) for name in more}
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
    [
        ("safetensors", "RobertaDot_NLL_LN"),
        ("bin", "RobertaDot_InBatch"),
        ("bin", "AnceEncoder"),
        ("bin", "RobertaModel"),
        ("safetensors", "RobertaModel"),
    ],
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


MISSING = ["embeddingHead.weight", "norm.bias", "roberta.encoder.layer.1.output.dense.weight"]


@pytest.mark.parametrize("name", MISSING)
def test_incomplete_checkpoint_is_refused(tiny_encoder, tmp_path, name):
    save_checkpoint(tmp_path, tiny_encoder, left_out=[name])
    with pytest.raises(InputError, match=rf"missing {name}.*take the complete checkpoint.*`allow_partial`"):
        BiEncoder.load(tmp_path)


def test_all_weights_that_do_not_fit_are_listed_and_allowed_on_demand(tiny_encoder, tmp_path):
    expected = direct(
        *save_checkpoint(tmp_path, tiny_encoder, "bin", left_out=MISSING, more=["pq.a", "pq.b"])
    )
    with pytest.raises(InputError) as refused:
        BiEncoder.load(tmp_path)
    assert "5 weights" in str(refused.value)
    for name in (*(f"missing {name}" for name in MISSING), "unexpected pq.a", "unexpected pq.b"):
        assert name in str(refused.value)
    with pytest.warns(UserWarning, match=r"5 weights do not fit.*random values"):
        encoder = BiEncoder.load(tmp_path, allow_partial=True)
    vectors = encode_texts(encoder, TEXTS, "query")
    assert vectors.shape == expected.shape and not np.allclose(vectors, expected)


def test_a_long_list_is_cut_and_counted(tiny_encoder, tmp_path):
    save_checkpoint(tmp_path, tiny_encoder, more=[f"pq.{number}" for number in range(50)])
    with pytest.raises(
        InputError, match=r": 50 weights do not fit RobertaDot: unexpected .* and 30 more; "
    ) as refused:
        BiEncoder.load(tmp_path)
    assert str(refused.value).count("unexpected") == 20


def test_weights_of_another_shape_are_refused_in_any_case(tiny_encoder, tmp_path):
    save_checkpoint(tmp_path, tiny_encoder)
    config = json.loads((tmp_path / "config.json").read_text())
    (tmp_path / "config.json").write_text(json.dumps({**config, "vocab_size": 7}))
    with pytest.raises(
        InputError, match=r"wrong shape roberta.embeddings.word_embeddings.weight .* instead of \(7, 32\)"
    ):
        BiEncoder.load(tmp_path, allow_partial=True)


class Evil:
    def __reduce__(self):
        return print, ("this ran",)


def test_bin_file_that_would_run_a_program_is_refused(tiny_encoder, tmp_path, capsys):
    save_checkpoint(tmp_path, tiny_encoder, "bin")
    torch.save({"norm.bias": Evil()}, tmp_path / "pytorch_model.bin")
    with pytest.raises(InputError, match=r"pytorch_model.bin: damaged, or holds more than tensors"):
        BiEncoder.load(tmp_path)
    (tmp_path / "pytorch_model.bin").write_bytes(b"")
    with pytest.raises(InputError, match=r"pytorch_model.bin: damaged"):
        BiEncoder.load(tmp_path)
    assert "this ran" not in capsys.readouterr().out


@pytest.fixture(scope="module")
def roberta_tokenizer(tmp_path_factory):
    """A byte-level BPE of our words with RoBERTa's special tokens, applied as today's RoBERTa does."""
    directory = tmp_path_factory.mktemp("byte-pairs")
    trained = ByteLevelBPETokenizer()
    trained.train_from_iterator(TEXTS * 3, 300, special_tokens=["<s>", "<pad>", "</s>", "<unk>", "<mask>"])
    trained.save_model(str(directory))
    (directory / "config.json").write_text('{"model_type": "roberta"}')
    return AutoTokenizer.from_pretrained(directory)


@pytest.mark.parametrize(
    ("architecture", "tokenisation"),
    [
        ("RobertaDot_NLL_LN", "star"),
        ("RobertaDot_InBatch", "star"),
        ("RobertaDot", "star"),
        ("AnceEncoder", "own"),
    ],
)
def test_tokenisation_is_that_of_the_training(roberta_tokenizer, tmp_path, architecture, tokenisation):
    save_checkpoint(tmp_path, roberta_tokenizer, architecture=architecture)
    encoder = BiEncoder.load(tmp_path)
    assert encoder.settings.tokenisation == tokenisation
    alike = encoder.tokenize(["Sort"], "query") == encoder.tokenize([" sort"], "query")
    assert alike == (tokenisation == "star")
    (tmp_path / "pyserini_ltre.json").write_text('{"encoder": {"tokenisation": "own"}}')
    assert BiEncoder.load(tmp_path).tokenize(["Sort"], "query") == roberta_tokenizer(["Sort"])["input_ids"]


def test_star_tokenisation_survives_saving_and_is_plain_hugging_face(roberta_tokenizer, tmp_path):
    save_checkpoint(tmp_path / "checkpoint", roberta_tokenizer)
    encoder = BiEncoder.load(tmp_path / "checkpoint")
    encoder.update_settings(query_max_length=32, document_max_length=48, document_form="star")
    (tmp_path / "saved").mkdir()
    encoder.save(tmp_path / "saved", method="star")
    again = BiEncoder.load(tmp_path / "saved")
    assert again.settings == encoder.settings
    texts = ["  Sort a LIST ", "", *TEXTS]
    assert again.tokenize(texts, "document") == encoder.tokenize(texts, "document")
    assert (
        again.tokenize(texts, "query")
        == AutoTokenizer.from_pretrained(tmp_path / "saved")(texts, truncation=True, max_length=32)[
            "input_ids"
        ]
    )
    assert type(AutoModel.from_pretrained(tmp_path / "saved")) is RobertaModel
    vectors = encode_texts(encoder, texts, "document")
    theirs = SentenceTransformer(str(tmp_path / "saved"), device="cpu").encode(texts)
    np.testing.assert_allclose(theirs, vectors, atol=1e-5)
    np.testing.assert_allclose(encode_texts(again, texts, "document"), vectors, atol=1e-6)


def test_star_tokenisation_without_byte_pairs_is_refused(tiny_encoder, tmp_path):
    save_checkpoint(tmp_path, tiny_encoder)
    (tmp_path / "pyserini_ltre.json").write_text('{"encoder": {"tokenisation": "star"}}')
    with pytest.raises(InputError, match=r"no byte pairs for STAR tokenisation; copy vocab.json"):
        BiEncoder.load(tmp_path)
