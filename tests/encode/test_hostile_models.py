"""Whatever is in a model directory: it loads and gives vectors, or one line says what is wrong, and nothing is run."""

import json
import shutil
import time
import warnings
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import torch
from hostile import damaged, damaged_json, explained
from hypothesis import given
from hypothesis import strategies as st
from safetensors.torch import load_file, save_file
from test_robertadot import roberta_tokenizer, save_checkpoint  # noqa: F401 - a fixture
from transformers import AutoModel

from pyserini_ltre.encode.batching import encode_texts
from pyserini_ltre.encode.model import BiEncoder
from pyserini_ltre.encode.pyserini_encoders import LtreDocumentEncoder, LtreQueryEncoder
from pyserini_ltre.errors import InputError

TEXTS = ["open read close", "zebra \u2603"]


class Evil:
    """A value whose loading would write a file."""

    def __init__(self, victim: Path) -> None:
        self.victim = str(victim)

    def __reduce__(self) -> tuple:
        return open, (self.victim, "w")


@pytest.fixture(scope="module")
def directories(tiny_encoder, roberta_tokenizer, tmp_path_factory) -> dict[str, Path]:  # noqa: F811
    """Model directories in each form that is read."""
    folder = tmp_path_factory.mktemp("models")
    forms = {name: folder / name for name in ("bert", "words", "sharded", "bin", "dot", "dot-bin", "saved")}
    for name in ("bert", "words", "sharded", "bin"):
        shutil.copytree(tiny_encoder, forms[name])
    vocabulary = json.loads((tiny_encoder / "tokenizer.json").read_text())["model"]["vocab"]
    (forms["words"] / "tokenizer.json").unlink()
    (forms["words"] / "vocab.txt").write_text("\n".join(vocabulary))
    special = {"unk_token": "[UNK]", "sep_token": "[SEP]", "pad_token": "[PAD]", "cls_token": "[CLS]"}
    (forms["words"] / "special_tokens_map.json").write_text(json.dumps(special))
    AutoModel.from_pretrained(tiny_encoder).save_pretrained(forms["sharded"], max_shard_size="50KB")
    (forms["sharded"] / "model.safetensors").unlink()
    torch.save(load_file(tiny_encoder / "model.safetensors"), forms["bin"] / "pytorch_model.bin")
    (forms["bin"] / "model.safetensors").unlink()
    save_checkpoint(forms["dot"], roberta_tokenizer)
    save_checkpoint(forms["dot-bin"], roberta_tokenizer, "bin")
    forms["saved"].mkdir()
    BiEncoder.load(forms["dot"]).save(forms["saved"])
    return forms


FILES = {
    "bert": (
        "config.json",
        "model.safetensors",
        "modules.json",
        "sentence_bert_config.json",
        "tokenizer.json",
        "tokenizer_config.json",
        "1_Pooling/config.json",
    ),
    "words": ("vocab.txt", "special_tokens_map.json"),
    "sharded": ("model.safetensors.index.json", "model-00001-of-00003.safetensors"),
    "bin": ("pytorch_model.bin",),
    "dot": ("config.json", "model.safetensors", "tokenizer.json"),
    "dot-bin": ("pytorch_model.bin",),
    "saved": (
        "modules.json",
        "pyserini_ltre.json",
        "config_sentence_transformers.json",
        "2_Dense/config.json",
        "2_Dense/model.safetensors",
        "3_LayerNorm/config.json",
        "3_LayerNorm/model.safetensors",
    ),
}


@pytest.fixture
def model(directories, tmp_path) -> Iterator[Any]:
    """Gives a copy of a directory with files replaced, or taken out (None)."""

    def copy(form: str, **files: bytes | None) -> Path:
        shutil.rmtree(tmp_path / form, ignore_errors=True)
        shutil.copytree(directories[form], tmp_path / form)
        for name, content in files.items():
            if content is None:
                (tmp_path / form / name).unlink()
            else:
                (tmp_path / form / name).write_bytes(content)
        return tmp_path / form

    return copy


def explained_load(directory: Path) -> None:
    """Demand that an encoder loads and gives vectors, soon, or that one line says why not."""
    start = time.monotonic()
    with explained(directory), warnings.catch_warnings():
        warnings.simplefilter("ignore")
        encoder = BiEncoder.load(directory)
        vectors = encode_texts(encoder, TEXTS, "query")
        assert vectors.shape == (len(TEXTS), encoder.dimension)
    assert time.monotonic() - start < 20


@pytest.mark.parametrize(("form", "name"), [(form, name) for form in FILES for name in FILES[form]])
@given(st.data())
def test_damaged_files(directories, model, form: str, name: str, data: st.DataObject) -> None:
    whole = (directories[form] / name).read_bytes()
    faults = damaged(whole)
    if name.endswith(".json"):
        faults |= damaged_json(json.loads(whole))
    explained_load(model(form, **{name: data.draw(faults)}))


@pytest.mark.parametrize("content", [None, b"", b"[]", b"null", b"\xff\xfe{}", b"[" * 100_000, b"\x80\x04."])
@pytest.mark.parametrize(("form", "name"), [(form, name) for form in FILES for name in FILES[form]])
def test_files_that_are_something_else(model, form: str, name: str, content: bytes | None) -> None:
    explained_load(model(form, **{name: content}))


SIZES = ["vocab_size", "hidden_size", "intermediate_size", "max_position_embeddings", "type_vocab_size"]


@pytest.mark.parametrize("value", [0, -1, 7, 1_000_000, 10**12, 10**30, "32", None, [32], 32.5, True])
@pytest.mark.parametrize("name", [*SIZES, "num_hidden_layers", "num_attention_heads", "num_labels"])
@pytest.mark.parametrize("form", ["bert", "dot"])
def test_sizes_that_the_weights_do_not_have(directories, model, form: str, name: str, value: object) -> None:
    config = json.loads((directories[form] / "config.json").read_text())
    explained_load(model(form, **{"config.json": json.dumps({**config, name: value}).encode()}))


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("num_hidden_layers", 1_000_000),
        ("vocab_size", 10**12),
        ("hidden_size", 10**12),
        ("model_type", "no-such-model"),
        ("model_type", 7),
        ("return_dict", False),
        ("output_hidden_states", [[]]),
        ("output_attentions", "a"),
        ("auto_map", {"AutoModel": "evil.Evil", "AutoConfig": "evil.Evil"}),
        ("quantization_config", {"quant_method": "x"}),
        ("chunk_size_feed_forward", 3),
        ("hidden_act", "no-such-function"),
    ],
)
def test_configurations_of_no_such_model(directories, model, name: str, value: object) -> None:
    config = json.loads((directories["bert"] / "config.json").read_text())
    directory = model("bert", **{"config.json": json.dumps({**config, name: value}).encode()})
    (directory / "evil.py").write_text(f"open({str(directory / 'victim')!r}, 'w')")
    explained_load(directory)
    assert not (directory / "victim").exists()


@pytest.mark.parametrize("form", ["bin", "dot-bin"])
def test_nothing_in_a_bin_file_is_run(model, tmp_path, form: str) -> None:
    torch.save({"norm.bias": Evil(tmp_path / "victim")}, tmp_path / "evil.bin")
    directory = model(form, **{"pytorch_model.bin": (tmp_path / "evil.bin").read_bytes()})
    with pytest.raises(InputError, match=r"pytorch_model\.bin: damaged, or holds more than tensors"):
        BiEncoder.load(directory)
    assert not (tmp_path / "victim").exists()


@pytest.mark.parametrize(
    "content", [[1], {"a": 1}, {1: torch.ones(2)}, torch.ones(2), torch.ones(1).expand(10**12)]
)
@pytest.mark.parametrize("form", ["bin", "dot-bin"])
def test_bin_files_of_anything_else_are_refused(model, tmp_path, form: str, content: object) -> None:
    torch.save(content if not isinstance(content, torch.Tensor) else {"a": content}, tmp_path / "x.bin")
    with pytest.raises(InputError):
        BiEncoder.load(model(form, **{"pytorch_model.bin": (tmp_path / "x.bin").read_bytes()}))


@pytest.mark.parametrize("bad", [float("nan"), float("inf")])
@pytest.mark.parametrize("form", ["bert", "dot"])
def test_weights_that_are_not_finite_are_refused_when_something_is_encoded(
    model, form: str, bad: float
) -> None:
    directory = model(form)
    weights = load_file(directory / "model.safetensors")
    name = next(name for name in weights if name.endswith("word_embeddings.weight"))
    weights[name][:] = bad
    save_file(weights, directory / "model.safetensors", {"format": "pt"})
    with pytest.raises(InputError, match="not finite"):
        LtreDocumentEncoder(str(directory)).encode(TEXTS)
    with pytest.raises(InputError, match="not finite"):
        LtreQueryEncoder(str(directory)).encode(TEXTS[0])
