"""``python -m pyserini_ltre.convert``: published files become a model, an index and a run, or nothing does."""

import json
import pickle

import numpy as np
import pytest
import torch
from safetensors.torch import save_file
from tokenizers import ByteLevelBPETokenizer
from transformers import RobertaConfig, RobertaModel

from pyserini_ltre.collection import read_run
from pyserini_ltre.convert import vectors as convert_vectors
from pyserini_ltre.convert.__main__ import main
from pyserini_ltre.encode import star_tokenizer
from pyserini_ltre.encode.batching import encode_texts
from pyserini_ltre.encode.model import BiEncoder
from pyserini_ltre.encode.pyserini_encoders import LtreDocumentEncoder
from pyserini_ltre.index import IndexDirectory
from pyserini_ltre.plugin.encoders import make_query_encoder

TEXTS = ["Sort a LIST ", "read the file, then close it", "", "queue stack tree " * 60]


def run(*arguments):
    main([str(argument) for argument in arguments])


@pytest.fixture(scope="module")
def checkpoint(tmp_path_factory):
    """A random RobertaDot as DRhard publishes it, without a tokenizer, and byte pairs beside it."""
    folder = tmp_path_factory.mktemp("published")
    trained = ByteLevelBPETokenizer()
    trained.train_from_iterator(TEXTS, 300, special_tokens=["<s>", "<pad>", "</s>", "<unk>", "<mask>"])
    trained.save_model(str(folder))
    torch.manual_seed(5)
    config = RobertaConfig(
        vocab_size=300,
        hidden_size=32,
        num_hidden_layers=1,
        num_attention_heads=2,
        intermediate_size=48,
        max_position_embeddings=514,
        type_vocab_size=1,
    )
    parts = {
        "roberta": RobertaModel(config, add_pooling_layer=False),
        "embeddingHead": torch.nn.Linear(32, 32),
        "norm": torch.nn.LayerNorm(32),
    }
    torch.nn.init.normal_(parts["norm"].weight)
    weights = {f"{part}.{name}": v for part, m in parts.items() for name, v in m.state_dict().items()}
    (folder / "star").mkdir()
    described = {**config.to_dict(), "architectures": ["RobertaDot_NLL_LN"]}
    (folder / "star" / "config.json").write_text(json.dumps(described))
    torch.save(weights, folder / "star" / "pytorch_model.bin")
    return folder


def byte_pairs(checkpoint):
    return "--vocab", checkpoint / "vocab.json", "--merges", checkpoint / "merges.txt"


def direct(checkpoint, longest):
    """CLS -> Linear -> LayerNorm from the published weights, each text by itself."""
    weights = torch.load(checkpoint / "star" / "pytorch_model.bin", weights_only=True)
    roberta = RobertaModel(RobertaConfig.from_pretrained(checkpoint / "star"), add_pooling_layer=False).eval()
    roberta.load_state_dict(
        {name[8:]: value for name, value in weights.items() if name.startswith("roberta.")}
    )
    tokenizer = star_tokenizer(checkpoint / "vocab.json", checkpoint / "merges.txt")
    vectors = []
    for text in TEXTS:
        ids = tokenizer([text], truncation=True, max_length=longest, return_tensors="pt")["input_ids"]
        with torch.no_grad():
            state = roberta(input_ids=ids).last_hidden_state[0, 0]
            state = weights["embeddingHead.weight"] @ state + weights["embeddingHead.bias"]
            spread = torch.sqrt(state.var(unbiased=False) + 1e-5)
            vectors.append((state - state.mean()) / spread * weights["norm.weight"] + weights["norm.bias"])
    return torch.stack(vectors).numpy()


@pytest.mark.parametrize(("task", "longest", "form"), [("passage", 256, "plain"), ("document", 512, "star")])
def test_model_is_the_same_before_and_after(checkpoint, tmp_path, capsys, task, longest, form):
    output = tmp_path / "model"
    run("model", checkpoint / "star", "--task", task, *byte_pairs(checkpoint), "--output", output)
    assert "32 dimensions, STAR tokenisation" in capsys.readouterr().out
    encoder = BiEncoder.load(output)
    settings = encoder.settings
    assert (settings.query_max_length, settings.document_max_length) == (32, longest)
    assert (settings.tokenisation, settings.document_form, settings.pooling) == ("star", form, "cls")
    queries, documents = direct(checkpoint, 32), direct(checkpoint, longest)
    np.testing.assert_allclose(encode_texts(encoder, TEXTS, "query"), queries, atol=1e-5)
    np.testing.assert_allclose(encode_texts(encoder, TEXTS, "document"), documents, atol=1e-5)
    np.testing.assert_allclose(make_query_encoder(f"star:{output}").encode_batch(TEXTS), queries, atol=1e-5)
    theirs = LtreDocumentEncoder(str(output)).encode(TEXTS, max_length=512)
    np.testing.assert_allclose(theirs, documents, atol=1e-5)


def test_converted_model_gets_a_name(checkpoint, tmp_path, monkeypatch):
    monkeypatch.setenv("PYSERINI_LTRE_HOME", str(tmp_path / "home"))
    source = checkpoint / "star"
    run("model", source, *byte_pairs(checkpoint), "--output", tmp_path / "model", "--register", "star")
    np.testing.assert_allclose(
        make_query_encoder("star").encode("Sort a LIST "), direct(checkpoint, 32)[0], atol=1e-5
    )


def test_checkpoints_that_cannot_be_converted_leave_nothing(checkpoint, tiny_encoder, tmp_path, refused):
    output, source = tmp_path / "model", checkpoint / "star"
    pairs = byte_pairs(checkpoint)
    assert "no byte pairs; add --vocab" in refused(main, "model", source, "--output", output)
    assert "belong together" in refused(main, "model", source, *pairs[:2], "--output", output)
    assert "no config.json" in refused(main, "model", tmp_path, *pairs, "--output", checkpoint / "new")
    assert "not a RobertaDot" in refused(main, "model", tiny_encoder, *pairs, "--output", output)
    broken = tmp_path / "broken"
    broken.mkdir()
    (broken / "config.json").write_text((source / "config.json").read_text())
    weights = torch.load(source / "pytorch_model.bin", weights_only=True)
    del weights["norm.bias"]
    save_file({**weights, "extra": torch.zeros(1)}, broken / "model.safetensors")
    line = refused(main, "model", broken, *pairs, "--output", output)
    assert "missing norm.bias, unexpected extra" in line and "--allow-partial" in line
    (tmp_path / "big").mkdir()
    larger = {**json.loads((checkpoint / "vocab.json").read_text()), "more": 900}
    (tmp_path / "big" / "vocab.json").write_text(json.dumps(larger))
    pairs = "--vocab", tmp_path / "big" / "vocab.json", *pairs[2:]
    assert "300 token embeddings" in refused(main, "model", source, *pairs, "--output", output)
    assert sorted(path.name for path in tmp_path.iterdir()) == ["big", "broken"]
    with pytest.warns(UserWarning, match="2 weights do not fit RobertaDot"):
        run("model", broken, *byte_pairs(checkpoint), "--output", output, "--allow-partial")
    assert BiEncoder.load(output).dimension == 32


@pytest.fixture
def published(tmp_path):
    """Embeddings and ids as DRhard writes them: document 100 + row, but the first two change places."""
    vectors = np.random.default_rng(0).normal(size=(50, 12)).astype(np.float32)
    vectors.tofile(tmp_path / "passages.memmap")
    rows = {np.int32(100 + row): row for row in range(50)}
    rows[np.int32(100)], rows[np.int32(101)] = 1, 0
    (tmp_path / "pid2offset.pickle").write_bytes(pickle.dumps(rows, protocol=4))
    return vectors


def index_arguments(folder, *more):
    files = folder / "passages.memmap", "--docids", folder / "pid2offset.pickle", "--output", folder / "index"
    return "index", *files, *more


def test_memmap_becomes_an_index(published, tmp_path, capsys, monkeypatch):
    monkeypatch.setattr(convert_vectors, "BLOCK", 4 * 12 * 7)  # 7 vectors at a time
    run(*index_arguments(tmp_path, "--dimension", 12, "--id-prefix", "D"))
    assert "50 documents x 12" in capsys.readouterr().out
    directory = IndexDirectory(tmp_path / "index")
    assert directory.docids == ["D101", "D100", *(f"D{number}" for number in range(102, 150))]
    assert directory.record is None
    np.testing.assert_array_equal(directory.faiss_index.reconstruct_n(), published)
    scores, rows = directory.open().search(torch.from_numpy(published[3:4]), 5)
    expected = published @ published[3]
    assert rows[0].tolist() == np.argsort(-expected)[:5].tolist()
    np.testing.assert_allclose(scores[0], np.sort(expected)[::-1][:5], rtol=1e-5)


def test_encoder_of_the_vectors_is_noted(tiny_encoder, published, tmp_path, refused):
    line = refused(main, *index_arguments(tmp_path, "--dimension", 12, "--encoder", tiny_encoder))
    assert "32 dimensions, but the vectors have 12" in line
    np.zeros((50, 32), np.float32).tofile(tmp_path / "passages.memmap")
    run(*index_arguments(tmp_path, "--dimension", 32, "--encoder", tiny_encoder))
    record = IndexDirectory(tmp_path / "index").record
    assert (record.name, record.dimension, record.documents) == (str(tiny_encoder), 32, 50)


def test_memmaps_that_do_not_fit_leave_nothing(published, tmp_path, refused):
    before = sorted(path.name for path in tmp_path.iterdir())
    line = refused(main, *index_arguments(tmp_path))
    assert "passages.memmap: 2400 bytes are no multiple of the 3072 of a vector of 768 float32" in line
    assert "--dimension 0" in refused(main, *index_arguments(tmp_path, "--dimension", 0))
    line = refused(main, *index_arguments(tmp_path, "--dimension", 6))
    assert "100 vectors of 6, but 50 ids" in line
    published[37, 3] = np.nan
    published.tofile(tmp_path / "passages.memmap")
    line = refused(main, *index_arguments(tmp_path, "--dimension", 12))
    assert "row 37 has a number that is not finite" in line
    published[37, 3] = 0
    published.tofile(tmp_path / "passages.memmap")
    np.zeros(50, np.int32).tofile(tmp_path / "same.memmap")
    line = refused(main, *index_arguments(tmp_path, "--dimension", 12, "--docids", tmp_path / "same.memmap"))
    assert "document id 0 is there twice" in line
    (tmp_path / "same.memmap").unlink()
    assert sorted(path.name for path in tmp_path.iterdir()) == before


def rank_arguments(folder):
    ids = "--qids", folder / "dev-qid2offset.pickle", "--docids", folder / "pid2offset.pickle"
    return "ranks", folder / "dev.rank.tsv", *ids, "--output", folder / "run.txt"


@pytest.fixture
def ranks(published, tmp_path):
    (tmp_path / "dev-qid2offset.pickle").write_bytes(pickle.dumps({np.int32(7): 1, np.int32(9): 0}))
    (tmp_path / "dev.rank.tsv").write_text("0\t0\t1\n0\t5\t2\n0\t1\t3\n1\t49\t1\n1\t0\t2\n")
    return tmp_path


def test_ranks_become_a_run(ranks, capsys):
    run(*rank_arguments(ranks), "--id-prefix", "D", "--tag", "star")
    assert "2 queries, 5 hits" in capsys.readouterr().out
    assert (ranks / "run.txt").read_text().splitlines()[:3] == [
        "9 Q0 D101 1 1.0 star",
        "9 Q0 D105 2 0.5 star",
        "9 Q0 D100 3 0.3333333333333333 star",
    ]
    assert list(read_run(ranks / "run.txt")["7"]) == ["D149", "D101"]


@pytest.mark.parametrize(
    ("lines", "message"),
    [
        ("0\t0\t1\n2\t0\t1\n", r"dev.rank.tsv:2: no query is at offset 2 (there are 2)"),
        ("0\t0\t1\n0\t50\t2\n", r"dev.rank.tsv:2: no document is at offset 50 (there are 50)"),
        ("0\t0\t1\n0\t-1\t2\n", r"dev.rank.tsv:2: no document is at offset -1"),
        ("0\t0\t1\n0\t1\n", r"dev.rank.tsv:2: 2 columns"),
        ("0\t0\tfirst\n", r"dev.rank.tsv:1: rank 'first' is no whole number"),
        ("0\t0\t1\n0\t0\t2\n", r"dev.rank.tsv:2: query 0 has document 0 twice"),
        ("", r"dev.rank.tsv: the file is empty"),
    ],
)
def test_ranks_that_cannot_be_converted_leave_nothing(ranks, refused, lines, message):
    (ranks / "dev.rank.tsv").write_text(lines)
    assert message in refused(main, *rank_arguments(ranks))
    assert not (ranks / "run.txt").exists()
    assert "tag" in refused(main, *rank_arguments(ranks), "--tag", "no good")
