"""``python -m pyserini_ltre.export onnx|openvino``: graphs that embed alone as the encoder does here."""

import re
from pathlib import Path

import numpy as np
import openvino
import pytest
from sentence_transformers import SentenceTransformer

from pyserini_ltre.encode.batching import encode_texts
from pyserini_ltre.encode.model import BiEncoder
from pyserini_ltre.export.__main__ import main

PAGE = Path(__file__).parents[2] / "docs" / "backends.md"
TEXTS = ["how to sort a list", "open a file"]


@pytest.fixture
def folder(tmp_path, tiny_encoder, monkeypatch):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "my-model").symlink_to(tiny_encoder)
    return tmp_path


def test_the_example_of_the_page_embeds_alone(folder, tiny_encoder):
    main(["onnx", "--encoder", "my-model", "--output", "my-onnx"])
    main(["openvino", "--encoder", "my-model", "--output", "my-openvino"])
    page = PAGE.read_text()
    (example,) = re.findall(r"^```python\n(.*?)^```", page, re.M | re.S)
    assert len([line for line in example.splitlines() if line]) <= 10
    names = {}
    exec(example, names)
    expected = encode_texts(BiEncoder.load(tiny_encoder), TEXTS, "query")
    np.testing.assert_allclose(names["vectors"], expected, atol=1e-6)
    (line,) = re.findall(r"^`(openvino\..*)`\. A prefix", page, re.M)
    np.testing.assert_allclose(eval(line, {**names, "openvino": openvino}), expected, atol=1e-6)


@pytest.mark.parametrize("form", ["onnx", "openvino"])
def test_the_directory_loads_as_any_encoder(folder, tiny_encoder, form):
    main([form, "--encoder", "my-model", "--output", "taken"])
    expected = encode_texts(BiEncoder.load(tiny_encoder), TEXTS, "query")
    np.testing.assert_array_equal(encode_texts(BiEncoder.load("taken"), TEXTS, "query"), expected)
    np.testing.assert_allclose(SentenceTransformer("taken", device="cpu").encode(TEXTS), expected, atol=1e-6)
    graph = {"onnx": "onnx/model.onnx", "openvino": "openvino/openvino_model.xml"}[form]
    states = openvino.compile_model(str(folder / "taken" / graph))
    assert [output.any_name for output in states.outputs] == ["last_hidden_state", "sentence_embedding"]


@pytest.mark.parametrize(
    ("more", "said"),
    [
        ((), "--encoder"),
        (("--encoder", "nowhere/at/all"), "nowhere/at/all"),
        (("--encoder", "my-model", "--output", "my-model"), "--output"),
        (("--encoder", "my-model", "--encoder-class", "clip"), "--encoder-class clip takes more than text"),
    ],
)
def test_bad_input_is_one_line_and_leaves_nothing(folder, refused, more, said):
    before = sorted(folder.iterdir())
    output = () if "--output" in more else ("--output", "taken")
    assert said in refused(main, "onnx", *more, *output)
    assert sorted(folder.iterdir()) == before


def test_what_is_not_installed_is_named(folder, refused, monkeypatch):
    monkeypatch.setattr("pyserini_ltre.export.graphs.missing", lambda form: ["onnxscript"])
    said = refused(main, "onnx", "--encoder", "my-model", "--output", "taken")
    assert "onnxscript is not installed: pip install 'pyserini-ltre[onnx]'" in said
    assert not (folder / "taken").exists()
