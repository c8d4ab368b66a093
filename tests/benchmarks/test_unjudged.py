"""What training without judgements gains, by its settings and beside few judgements: made, trained and measured."""

import json
import random

import numpy as np
import pytest
from small_input import WORDS

from pyserini_ltre.collection import Document, write_beir
from pyserini_ltre.encode.batching import encode_texts
from pyserini_ltre.encode.encode_collection import encode_collection


@pytest.fixture
def collection(tmp_path):
    """Documents of five words each, and queries of two of them, in three splits."""
    chance = random.Random(3)
    documents = [Document(f"d{i}", "", " ".join(chance.sample(WORDS, 5)) + ".") for i in range(60)]
    queries, qrels = ({split: {} for split in ("train", "dev", "test")} for _ in range(2))
    for i in range(90):
        document = documents[i % 60]
        split = ("train", "dev", "test", "train")[i % 4]
        queries[split][f"q{i}"] = " ".join(chance.sample(document.text.strip(".").split(), 3))
        qrels[split][f"q{i}"] = {document.docid: 1}
    write_beir(tmp_path / "small", documents, queries, qrels)
    return tmp_path / "small"


@pytest.fixture
def index(collection, tiny_encoder, tmp_path):
    from pyserini_ltre.collection import open_collection

    encode_collection(open_collection(str(collection)), tiny_encoder, tmp_path / "index")
    return tmp_path / "index"


@pytest.fixture(autouse=True)
def words_in_common(monkeypatch):
    """Instead of Lucene, which takes seconds: how many words a document shares with a query."""
    from pyserini_ltre.train.data import teacher

    def overlap(index, encoder, queries, documents):
        embeddings = encode_texts(encoder, list(queries.values()), "query")
        found = index.open().search(teacher.torch.from_numpy(embeddings), 30)
        frozen = {
            qid: {index.docids[row]: float(score) for row, score in zip(rows, scores, strict=True)}
            for qid, scores, rows in zip(queries, *(part.tolist() for part in found), strict=True)
        }
        texts = {d.docid: set(d.text.lower().strip(".").split()) for d in documents.documents()}
        bm25 = {
            qid: {
                docid: float(len(words & set(text.lower().strip(".").split())))
                for docid, words in texts.items()
            }
            for qid, text in queries.items()
        }
        return frozen, bm25, dict(zip(queries, embeddings, strict=True))

    monkeypatch.setattr(teacher, "frozen_and_bm25", overlap)


def run(monkeypatch, module, *arguments):
    monkeypatch.setattr("sys.argv", ["benchmark", *map(str, arguments)])
    module.main()


def test_a_line_for_each_setting(monkeypatch, collection, index, tiny_encoder, tmp_path, capsys):
    import unjudged_settings

    names = ["defaults", "source left out", "sentence only"]
    given = ("--collection", collection, "--index", index, "--encoder", tiny_encoder)
    run(monkeypatch, unjudged_settings, *given, "--only", *names, "--output", tmp_path / "found.json")
    found = json.loads((tmp_path / "found.json").read_text())
    frozen, usual, out, sentences = found["measured"]
    assert [line["setting"] for line in found["measured"]] == ["frozen", *names]
    assert frozen["queries"] == 68  # judged ones of train and dev; none of test
    assert frozen["dense"]["gain"] == 0 and usual["dense"]["gain"] != 0 and usual["dense"]["p"] < 1
    assert usual["dense"] != out["dense"]
    assert 0 < sentences["queries"] < usual["queries"]
    assert len([line for line in capsys.readouterr().out.splitlines() if line.startswith("|")]) == 4


def test_curves_of_few_judgements(monkeypatch, collection, index, tiny_encoder, tmp_path, figures):
    import few_judgements

    given = ("--collection", collection, "--index", index, "--encoder", tiny_encoder)
    run(monkeypatch, few_judgements, *given, "--counts", 10, "--output", tmp_path / "few")
    (found,) = json.loads((tmp_path / "few" / "few_judgements.json").read_text())["collections"].values()
    for points in found.values():
        assert [point["judged"] for point in points] == [0, 10, 45]
    alone, together = found.values()
    assert alone[0]["p"] is None and together[0]["nDCG@10"] != alone[0]["nDCG@10"]
    lines = figures[0].axes[0].lines
    np.testing.assert_allclose(lines[1].get_ydata(), [point["nDCG@10"] for point in together])
    assert (tmp_path / "few" / "few_judgements.png").is_file()
