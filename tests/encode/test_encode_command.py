"""``python -m pyserini_ltre.encode``: a folder of text becomes an index directory, or nothing does."""

import json
import shutil

import numpy as np
import pytest
import torch

from pyserini_ltre.collection import Document, write_beir
from pyserini_ltre.encode.__main__ import main
from pyserini_ltre.encode.batching import encode_texts
from pyserini_ltre.encode.encode_collection import encode_collection
from pyserini_ltre.encode.model import BiEncoder
from pyserini_ltre.errors import InputError
from pyserini_ltre.index import IndexDirectory

DOCUMENTS = [
    {"_id": "0007", "title": "Sort", "text": "sort a list"},
    {"_id": "NA", "title": "", "text": "read the file, then close it"},
    {"_id": "été", "title": "Queue", "text": "queue stack tree " * 30},
]


def write_collection(path, documents):
    (path / "qrels").mkdir(parents=True)
    (path / "corpus.jsonl").write_text("".join(json.dumps(document) + "\n" for document in documents))
    (path / "queries.jsonl").write_text(json.dumps({"_id": "1", "text": "sort"}) + "\n")
    return path


@pytest.fixture
def collection(tmp_path):
    return write_collection(tmp_path / "collection", DOCUMENTS)


def arguments(collection, encoder, output, *more):
    return [
        "--collection",
        str(collection),
        "--encoder",
        str(encoder),
        "--output",
        str(output),
        *map(str, more),
    ]


def test_folder_becomes_an_index_directory(collection, tiny_encoder, tmp_path, capsys):
    output = tmp_path / "new" / "index"
    main(
        arguments(
            collection, tiny_encoder, output, "--prefix", "text: ", "--max-length", 20, "--batch-size", 2
        )
    )
    assert "3 documents x 32" in capsys.readouterr().out

    directory = IndexDirectory(output)
    assert directory.docids == ["0007", "NA", "été"]
    record = directory.record
    assert (record.name, record.pooling, record.normalise) == (str(tiny_encoder), "mean", True)
    assert (record.prefix, record.max_length, record.dimension, record.documents) == ("text: ", 20, 32, 3)
    encoder = BiEncoder.load(tiny_encoder)
    encoder.update_settings(document_prefix="text: ", document_max_length=20)
    texts = ["Sort sort a list", "read the file, then close it", "Queue " + "queue stack tree " * 30]
    np.testing.assert_allclose(
        directory.faiss_index.reconstruct_n(), encode_texts(encoder, texts, "document"), atol=1e-6
    )
    assert [path.name for path in output.parent.iterdir()] == ["index"]


def test_output_that_is_not_empty_is_replaced_only_on_demand(collection, tiny_encoder, tmp_path, refused):
    output = tmp_path / "index"
    output.mkdir()
    (output / "precious").write_text("kept")
    assert "not empty" in refused(main, *arguments(collection, tiny_encoder, output))
    assert [path.name for path in output.iterdir()] == ["precious"]
    main(
        arguments(collection, tiny_encoder, output, "--overwrite", "--pooling", "cls", "--precision", "bf16")
    )
    assert sorted(path.name for path in output.iterdir()) == ["docid", "encoder.json", "index"]
    assert IndexDirectory(output).record.pooling == "cls"


def test_bad_encoders_are_refused(collection, tiny_encoder, tmp_path, refused):
    output = tmp_path / "index"
    model = shutil.copytree(tiny_encoder, tmp_path / "model")
    (model / "model.safetensors").unlink()
    assert "no weights" in refused(main, *arguments(collection, model, output))
    (model / "config.json").unlink()
    assert "no config.json" in refused(main, *arguments(collection, model, output))
    unknown = refused(main, *arguments(collection, "no-such-owner/no-such-model", output))
    assert "give the path of a model directory" in unknown
    assert not output.exists()


def test_bad_collections_are_refused(tiny_encoder, tmp_path, refused):
    output = tmp_path / "index"
    assert "no such folder" in refused(main, *arguments(tmp_path / "missing", tiny_encoder, output))
    broken = write_collection(tmp_path / "broken", [DOCUMENTS[0], {"_id": "line\nbreak", "text": "sort"}])
    assert "corpus.jsonl:2: id 'line\\nbreak'" in refused(main, *arguments(broken, tiny_encoder, output))
    twice = write_collection(tmp_path / "twice", [*DOCUMENTS, DOCUMENTS[0]])
    assert "0007" in refused(main, *arguments(twice, tiny_encoder, output))
    assert sorted(path.name for path in tmp_path.iterdir()) == ["broken", "twice"]


@pytest.mark.parametrize(
    ("option", "value"), [("--max-length", 129), ("--max-length", 2), ("--batch-size", 0)]
)
def test_settings_out_of_range_are_refused(collection, tiny_encoder, tmp_path, refused, option, value):
    output = tmp_path / "index"
    line = refused(main, *arguments(collection, tiny_encoder, output, option, value))
    assert str(value) in line
    assert not output.exists()


def test_weights_that_are_not_finite_leave_no_index(tiny_encoder, tmp_path):
    encoder = BiEncoder.load(tiny_encoder)
    with torch.no_grad():
        next(encoder.parameters())[:, 0] = float("nan")
    documents = [Document(f"d{i}", "", "open the file") for i in range(3)]
    write_beir(tmp_path / "collection", documents, {}, {})
    with pytest.raises(InputError, match="document d0 is not finite"):
        encode_collection(str(tmp_path / "collection"), encoder, tmp_path / "index")
    assert not (tmp_path / "index").exists()
