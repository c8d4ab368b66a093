"""A cross-encoder as teacher: it scores the best documents of each query, and nothing else."""

import pytest
import torch
from transformers import AutoTokenizer, BertConfig, BertForSequenceClassification

from pyserini_ltre.collection import Document
from pyserini_ltre.errors import InputError
from pyserini_ltre.train.data.cross_encoder import DEPTH, rescored


class Documents:
    splits = ()

    def documents(self):
        return iter([Document(f"d{i}", "title", f"sort list {i}") for i in range(60)])


def cross_encoder(directory, tiny_encoder, labels):
    tokenizer = AutoTokenizer.from_pretrained(tiny_encoder)
    tokenizer.save_pretrained(directory)
    torch.manual_seed(5)
    sizes = {"hidden_size": 16, "num_hidden_layers": 1, "num_attention_heads": 2, "intermediate_size": 32}
    config = BertConfig(vocab_size=len(tokenizer), **sizes, num_labels=labels)
    BertForSequenceClassification(config).save_pretrained(directory)
    return directory


def test_the_best_documents_are_scored_anew(tmp_path, tiny_encoder):
    model = cross_encoder(tmp_path, tiny_encoder, 1)
    run = {"q": {f"d{i}": 60.0 - i for i in range(60)}, "unanswered": {}, "few": {"d0": 1.0, "gone": 2.0}}
    queries = {"q": "sort", "unanswered": "list", "few": "open file", "not in the run": "thread"}
    found = rescored(run, queries, Documents(), model, "cpu")
    assert list(found) == ["q", "few"]
    assert list(found["q"]) == [f"d{i}" for i in range(DEPTH)]
    assert list(found["few"]) == ["d0"]
    assert len(set(found["q"].values())) > DEPTH / 2
    alone = rescored({"q": {"d7": 1.0}}, queries, Documents(), model, "cpu")
    assert found["q"]["d7"] == pytest.approx(alone["q"]["d7"], abs=1e-5)


def test_what_is_no_cross_encoder_is_refused(tmp_path, tiny_encoder):
    with pytest.raises(
        InputError, match=r"`cross_encoder` .*nowhere: .*give the directory of a cross-encoder"
    ):
        rescored({}, {}, Documents(), tmp_path / "nowhere", "cpu")
    with pytest.raises(InputError, match="gives 3 scores for a pair"):
        rescored({}, {}, Documents(), cross_encoder(tmp_path, tiny_encoder, 3), "cpu")
