"""``pyserini_ltre.encode --shards``: the vectors of the index in one piece, and kills cost a shard at most."""

import json
import shutil

import numpy as np
import pytest

from pyserini_ltre.encode import batching, document_stream, shards
from pyserini_ltre.encode.__main__ import main
from pyserini_ltre.index import IndexDirectory, open_directory

TEXTS = ["sort list", "read the file then close it", "queue stack tree " * 20, "open", "hash map set graph"]


@pytest.fixture
def collection(tmp_path, monkeypatch):
    """23 documents; windows of 4, so that a window spans shards, and a shard windows."""
    for module in (batching, document_stream):
        monkeypatch.setattr(module, "WINDOW", 4)
    return write(tmp_path / "collection")


def write(path, first="sort"):
    path.mkdir()
    documents = [{"_id": f"d{i}", "title": "", "text": f"{first} {i} {TEXTS[i % 5]}"} for i in range(23)]
    (path / "corpus.jsonl").write_text("".join(json.dumps(document) + "\n" for document in documents))
    (path / "queries.jsonl").write_text(json.dumps({"_id": "1", "text": "sort"}) + "\n")
    (path / "qrels").mkdir()
    return path


def flags(collection, encoder, output, *more):
    given = ["--collection", collection, "--encoder", encoder, "--output", output, "--batch-size", 3]
    return [str(value) for value in (*given, "--backend", "torch", *more)]


def vectors(path):
    shards = sorted((path / "shards").iterdir())
    return np.concatenate([IndexDirectory(shard).faiss_index.reconstruct_n() for shard in shards])


@pytest.mark.parametrize("number", [1, 3, 5, 23])
def test_vectors_and_ids_are_those_of_the_index_in_one_piece(
    collection, tiny_encoder, tmp_path, number, capsys
):
    main(flags(collection, tiny_encoder, tmp_path / "one"))
    main(flags(collection, tiny_encoder, tmp_path / "many", "--shards", number))
    assert "23 documents x 32" in capsys.readouterr().out
    one, many = IndexDirectory(tmp_path / "one"), open_directory(tmp_path / "many")
    assert (many.docids, many.record) == (one.docids, one.record)
    assert len(many.shards) == number
    assert vectors(tmp_path / "many").tobytes() == one.faiss_index.reconstruct_n().tobytes()
    assert not (tmp_path / "many.shards").exists()


@pytest.fixture
def cut_off(collection, tiny_encoder, tmp_path, monkeypatch):
    """What is left after two of five shards; gives which shards are written from then on."""
    write_shard, written = shards.write_index_directory, []

    def counted(place, *arguments):
        if len(written) == 2:
            raise KeyboardInterrupt
        write_shard(place, *arguments)
        written.append(place.name)

    with monkeypatch.context() as patch:
        patch.setattr(shards, "write_index_directory", counted)
        with pytest.raises(SystemExit):
            main(flags(collection, tiny_encoder, tmp_path / "many", "--shards", 5))
    assert not (tmp_path / "many").exists()

    def recorded(place, *arguments):
        write_shard(place, *arguments)
        written.append(place.name)

    monkeypatch.setattr(shards, "write_index_directory", recorded)
    written.clear()
    return written


def test_only_missing_shards_are_encoded_after_a_kill(cut_off, collection, tiny_encoder, tmp_path):
    # A shard in the middle is missing, too.
    shutil.rmtree(tmp_path / "many.shards" / "00000")
    main(flags(collection, tiny_encoder, tmp_path / "many", "--shards", 5))
    assert cut_off == ["00000", "00002", "00003", "00004"]
    main(flags(collection, tiny_encoder, tmp_path / "one"))
    whole = IndexDirectory(tmp_path / "one").faiss_index.reconstruct_n()
    assert vectors(tmp_path / "many").tobytes() == whole.tobytes()
    assert not (tmp_path / "many.shards").exists()


def test_shards_of_another_encoding_are_not_taken(cut_off, collection, tiny_encoder, tmp_path, refused):
    other = write(tmp_path / "other", first="read")
    output = tmp_path / "many"
    assert "another collection" in refused(main, *flags(other, tiny_encoder, output, "--shards", 5))
    assert "another number of shards" in refused(
        main, *flags(collection, tiny_encoder, output, "--shards", 4)
    )
    assert "settings" in refused(
        main, *flags(collection, tiny_encoder, output, "--shards", 5, "--pooling", "cls")
    )
    weights = shutil.copytree(tiny_encoder, tmp_path / "weights")
    import torch
    from safetensors.torch import load_file, save_file

    content = {name: value + 0.01 for name, value in load_file(weights / "model.safetensors").items()}
    save_file(
        {name: torch.as_tensor(value) for name, value in content.items()},
        weights / "model.safetensors",
        {"format": "pt"},
    )
    assert "another encoder" in refused(main, *flags(collection, weights, output, "--shards", 5))
    assert cut_off == [] and sorted(path.name for path in (tmp_path / "many.shards").iterdir())[:2] == [
        "00000",
        "00001",
    ]


def test_damaged_shard_that_was_left_is_one_line(cut_off, collection, tiny_encoder, tmp_path, refused):
    (tmp_path / "many.shards" / "00001" / "index").write_bytes(b"IxPo")
    line = refused(main, *flags(collection, tiny_encoder, tmp_path / "many", "--shards", 5))
    assert "many.shards/00001/index" in line and cut_off == []


def test_bad_input(collection, tiny_encoder, tmp_path, refused):
    output = tmp_path / "many"
    assert "from 1 to 23" in refused(main, *flags(collection, tiny_encoder, output, "--shards", 24))
    (tmp_path / "many.shards").mkdir()
    (tmp_path / "many.shards" / "precious").touch()
    assert "move it" in refused(main, *flags(collection, tiny_encoder, output, "--shards", 2))
    assert [path.name for path in (tmp_path / "many.shards").iterdir()] == ["precious"]
