"""OpenVINO and onnxruntime embed as torch does, or are not used."""

import json
import shutil

import numpy as np
import onnx
import pytest
import torch
from small_input import WORDS
from transformers import (
    AutoTokenizer,
    BertConfig,
    BertModel,
    Qwen3Config,
    Qwen3Model,
    RobertaConfig,
    RobertaModel,
)

from pyserini_ltre.encode.backends import choice, choose, graph_files
from pyserini_ltre.encode.backends.forward import TorchPass
from pyserini_ltre.encode.backends.graph_files import graph_file, graph_name
from pyserini_ltre.encode.batching import encode_texts
from pyserini_ltre.encode.model import BiEncoder
from pyserini_ltre.encode.pyserini_encoders import LtreQueryEncoder
from pyserini_ltre.errors import InputError
from pyserini_ltre.registry import home
from pyserini_ltre.train.trainable import TRAINABLE

TEXTS = [" ".join(WORDS[i : i + 1 + i % 17]) for i in range(70)]
SIZES = {"vocab_size": 1082, "hidden_size": 32, "num_hidden_layers": 2, "num_attention_heads": 2}
SIZES |= {"intermediate_size": 48, "max_position_embeddings": 70, "initializer_range": 0.1}
MODELS = {
    "bert": lambda: BertModel(BertConfig(**SIZES)),
    "roberta": lambda: RobertaModel(RobertaConfig(**SIZES, pad_token_id=1)),
    "qwen3": lambda: Qwen3Model(Qwen3Config(**SIZES, num_key_value_heads=1, head_dim=16)),
}


@pytest.fixture
def encoder(tiny_encoder):
    return BiEncoder.load(tiny_encoder)


def graphs():
    return sorted(path.name for path in (home() / "graphs").glob("*"))


@pytest.mark.parametrize("backend", ["openvino", "onnx"])
@pytest.mark.parametrize("batch_size", [1, 7])
def test_texts_are_embedded_as_by_torch(encoder, backend, batch_size):
    expected = encode_texts(encoder, TEXTS, "document")
    encoder.train()
    found = encode_texts(encoder, TEXTS, "document", batch_size, backend=backend)
    np.testing.assert_allclose(found, expected, atol=1e-6)
    assert encoder.training


@pytest.mark.parametrize("backend", ["openvino", "onnx"])
@pytest.mark.parametrize(("model", "pooling"), [("bert", "cls"), ("roberta", "mean"), ("qwen3", "last")])
def test_models_and_poolings(tiny_encoder, tmp_path, backend, model, pooling):
    torch.manual_seed(1)
    MODELS[model]().save_pretrained(tmp_path)
    AutoTokenizer.from_pretrained(tiny_encoder).save_pretrained(tmp_path)
    encoder = BiEncoder.load(tmp_path, pooling=pooling, normalise=True)
    expected = encode_texts(encoder, TEXTS, "query")
    np.testing.assert_allclose(encode_texts(encoder, TEXTS, "query", backend=backend), expected, atol=1e-6)


def test_an_adapter_is_in_the_graph(encoder):
    name = graph_name(encoder)
    part = TRAINABLE["adapter"](encoder)
    torch.nn.init.normal_(next(iter(part.module.parameters())))
    adapted = part.finish()
    assert graph_name(adapted) != name
    expected = encode_texts(adapted, TEXTS, "query")
    np.testing.assert_allclose(encode_texts(adapted, TEXTS, "query", backend="onnx"), expected, atol=1e-5)


@pytest.mark.parametrize("model", MODELS)
def test_int8_is_near(tiny_encoder, tmp_path, model):
    torch.manual_seed(1)
    MODELS[model]().save_pretrained(tmp_path)
    AutoTokenizer.from_pretrained(tiny_encoder).save_pretrained(tmp_path)
    encoder = BiEncoder.load(tmp_path, pooling="mean", normalise=True)
    expected = encode_texts(encoder, TEXTS, "query")
    found = encode_texts(encoder, TEXTS, "query", precision="int8", backend="onnx")
    assert 1e-4 < np.abs(found - expected).max() < 0.1
    graph = onnx.load(graph_file(encoder, "int8")).graph
    floats = {one.name for one in graph.initializer if one.data_type == onnx.TensorProto.FLOAT}
    assert not [node.name for node in graph.node if node.op_type == "MatMul" and floats & set(node.input)]


def test_int8_survives_a_channel_that_is_far_larger_than_the_others(encoder, monkeypatch):
    with torch.no_grad():
        layer = encoder.backbone.encoder.layer[0].attention.output.LayerNorm
        layer.weight[3] *= 100
    expected = encode_texts(encoder, TEXTS, "query")
    found = encode_texts(encoder, TEXTS, "query", precision="int8", backend="onnx")
    monkeypatch.setattr("pyserini_ltre.encode.backends.int8.MIGRATION", 0.0)
    shutil.rmtree(graph_file(encoder, "int8").parent)
    rounded = encode_texts(encoder, TEXTS, "query", precision="int8", backend="onnx")
    # On average: the largest of some thousand errors is one draw, and another on every processor.
    assert np.abs(found - expected).mean() < np.abs(rounded - expected).mean() / 2


@pytest.mark.parametrize("able", [True, False])
def test_int8_of_a_processor_is_not_taken_for_another(encoder, monkeypatch, able):
    monkeypatch.setattr(graph_files, "fits_eight_bits", lambda: able)
    assert graph_file(encoder, "int8").parent.name.endswith("int8" if able else "int7")


def test_a_graph_is_made_once_and_again_if_it_is_damaged(encoder, monkeypatch):
    file = graph_file(encoder, "fp32")
    whole = file.read_bytes()
    made = []
    monkeypatch.setattr(
        graph_files, "write_graph", lambda encoder, path: (made.append(path), path.write_bytes(whole))
    )
    assert graph_file(encoder, "fp32") == file and not made
    file.write_bytes(whole[:-1] + b"x")
    assert graph_file(encoder, "fp32").read_bytes() == whole and len(made) == 1
    (file.parent / "sums.json").unlink()
    assert graph_file(encoder, "fp32").read_bytes() == whole and len(made) == 2
    (file.parent / "sums.json").write_text("{")
    assert graph_file(encoder, "fp32").read_bytes() == whole and len(made) == 3
    with torch.no_grad():
        next(encoder.parameters()).add_(0.1)
    assert graph_file(encoder, "fp32") != file and len(made) == 4


def test_a_conversion_that_fails_leaves_nothing_and_names_the_operator(encoder, monkeypatch, recwarn):
    before = graphs()
    with torch.no_grad():
        next(encoder.parameters()).add_(0.2)
    monkeypatch.setattr(
        BiEncoder, "forward", lambda self, input_ids, attention_mask: torch.linalg.eigvals(input_ids.float())
    )
    with pytest.raises(
        InputError, match=r"cannot be converted to ONNX \(aten.linalg_eig\); use `backend` torch"
    ):
        choose(encoder, "onnx", "fp32")
    recwarn.clear()
    assert choose(encoder, "auto", "fp32").backend == "torch"
    assert [str(said.message).split()[0] for said in recwarn] == ["openvino", "onnx"]
    assert graphs() == before


def test_one_that_does_not_agree_is_not_used(encoder, monkeypatch):
    class Other(TorchPass):
        backend = "onnx"

        def __call__(self, batch):
            return -super().__call__(batch)

    monkeypatch.setattr(
        "pyserini_ltre.encode.backends.openvino.OpenVinoPass",
        lambda graph, precision, streams: Other(encoder, precision),
    )
    with pytest.raises(
        InputError, match=r"embeds otherwise than torch \(cosine -1.0000\); use `backend` torch"
    ):
        choose(encoder, "openvino", "fp32")
    with pytest.warns(UserWarning, match="openvino is not used: .* embeds otherwise"):
        assert choose(encoder, "auto", "fp32").backend == "onnx"


def test_auto_takes_what_is_installed_and_pays(encoder, monkeypatch):
    assert choose(encoder, "auto", "fp32").backend == "openvino"
    assert choose(encoder, "auto", "fp32", one_by_one=True).backend == "onnx"
    assert choose(encoder, "auto", "fp32", texts=5).backend == "torch"
    assert choose(encoder, "auto", "int8").backend == "onnx"
    monkeypatch.setattr(choice.importlib.util, "find_spec", lambda name: None)
    assert choose(encoder, "auto", "auto").backend == "torch"
    with pytest.raises(
        InputError, match=r"`backend` onnx needs onnxruntime and onnx and onnxscript: pip install"
    ):
        choose(encoder, "onnx", "fp32")


@pytest.mark.parametrize(
    ("backend", "precision", "said"),
    [
        ("tpu", "fp32", "`backend` tpu: use one of torch, openvino, onnx, auto"),
        ("torch", "int8", "`precision` int8: torch computes in fp32 or bf16; use `backend` onnx"),
        ("openvino", "int8", "`precision` int8: openvino computes in fp32 or bf16"),
        ("onnx", "bf16", "`precision` bf16: onnx computes in fp32 or int8"),
        ("openvino", "bf16", "`precision` bf16: this processor has no instructions for it"),
    ],
)
def test_what_cannot_be_is_refused(encoder, monkeypatch, backend, precision, said):
    monkeypatch.setattr(choice, "computes_bf16", lambda device: False)
    with pytest.raises(InputError, match=said):
        choose(encoder, backend, precision)


@pytest.mark.parametrize("backend", ["openvino", "onnx"])
def test_queries_inside_pyserini(tiny_encoder, monkeypatch, backend):
    plain = LtreQueryEncoder(str(tiny_encoder)).encode_batch(TEXTS)
    monkeypatch.setenv("PYSERINI_LTRE_BACKEND", backend)
    encoder = LtreQueryEncoder(str(tiny_encoder))
    found = encoder.encode_batch(TEXTS)
    np.testing.assert_allclose(found, plain, atol=1e-6)
    np.testing.assert_array_equal(np.stack([encoder.encode(text) for text in TEXTS]), found)
    monkeypatch.setenv("PYSERINI_LTRE_BACKEND", "gpu")
    with pytest.raises(InputError, match="PYSERINI_LTRE_BACKEND gpu: set it to one of torch"):
        LtreQueryEncoder(str(tiny_encoder))


def test_the_precision_of_queries_inside_pyserini(tiny_encoder, monkeypatch):
    plain = LtreQueryEncoder(str(tiny_encoder)).encode_batch(TEXTS)
    monkeypatch.setenv("PYSERINI_LTRE_PRECISION", "int8")
    with pytest.raises(InputError, match=r"PRECISION int8: torch .* bf16; use PYSERINI_LTRE_BACKEND onnx"):
        LtreQueryEncoder(str(tiny_encoder))
    monkeypatch.setenv("PYSERINI_LTRE_BACKEND", "auto")
    encoder = LtreQueryEncoder(str(tiny_encoder))
    found = encoder.encode_batch(TEXTS)
    assert (encoder.forward.backend, encoder.forward.precision) == ("onnx", "int8")
    assert 1e-4 < np.abs(found - plain).max() < 0.05
    np.testing.assert_array_equal(np.stack([encoder.encode(text) for text in TEXTS]), found)
    monkeypatch.setenv("PYSERINI_LTRE_BACKEND", "torch")
    monkeypatch.setenv("PYSERINI_LTRE_PRECISION", "bf16")
    by_name = LtreQueryEncoder(str(tiny_encoder)).encode_batch(TEXTS)
    monkeypatch.delenv("PYSERINI_LTRE_PRECISION")
    np.testing.assert_array_equal(LtreQueryEncoder(str(tiny_encoder), fp16=True).encode_batch(TEXTS), by_name)
    monkeypatch.setenv("PYSERINI_LTRE_PRECISION", "fp8")
    with pytest.raises(
        InputError, match="PYSERINI_LTRE_PRECISION fp8: set it to one of fp32, bf16, int8, auto"
    ):
        LtreQueryEncoder(str(tiny_encoder))


def test_what_computed_the_documents_is_recorded(tiny_encoder, tmp_path):
    from pyserini_ltre.encode.__main__ import main

    (tmp_path / "in" / "qrels").mkdir(parents=True)
    (tmp_path / "in" / "queries.jsonl").write_text("")
    (tmp_path / "in" / "corpus.jsonl").write_text(
        "".join(json.dumps({"_id": f"d{i}", "text": t}) + "\n" for i, t in enumerate(TEXTS))
    )
    for backend in ("torch", "onnx"):
        output = tmp_path / backend
        main(
            [
                "--collection",
                str(tmp_path / "in"),
                "--encoder",
                str(tiny_encoder),
                "--output",
                str(output),
                "--backend",
                backend,
            ]
        )
        record = json.loads((output / "encoder.json").read_text())
        assert (record["backend"], record["precision"]) == (backend, "fp32")
