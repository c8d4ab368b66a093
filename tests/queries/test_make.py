"""Queries made from documents: of the kinds asked for, with their sources, repeatable, none of them a test query."""

import pytest

from pyserini_ltre.collection import Document, read_qrels, read_queries, write_beir, write_topics
from pyserini_ltre.errors import InputError
from pyserini_ltre.queries import QueryMaking, make_queries
from pyserini_ltre.queries.__main__ import main

TEXTS = (
    "Sort a list in place. The order of equal elements is kept.",
    "Open a file for reading; close the file afterwards.",
    "Locks guard threads. A thread waits for the lock.",
)


class Documents:
    def __init__(self, documents):
        self._documents = documents

    def documents(self):
        return iter(self._documents)


DOCUMENTS = [Document(f"d{i}", f"topic number {i}", text) for i, text in enumerate(TEXTS)]


def test_kinds_come_from_their_source():
    titles = make_queries(Documents(DOCUMENTS), QueryMaking(kinds=["title"]))
    assert sorted(titles.queries.values()) == ["topic number 0", "topic number 1", "topic number 2"]
    for qid, text in titles.queries.items():
        assert titles.sources[qid] == {f"d{text[-1]}": 1}
    sentences = make_queries(Documents(DOCUMENTS), QueryMaking(kinds=["sentence"]))
    for qid, text in sentences.queries.items():
        (docid,) = sentences.sources[qid]
        assert text in TEXTS[int(docid[1])]
    words = make_queries(Documents(DOCUMENTS), QueryMaking(kinds=["words"]))
    (lock,) = [text for qid, text in words.queries.items() if words.sources[qid] == {"d2": 1}]
    assert 3 <= len(lock.split()) <= 8
    assert {"topic", "number", "a"}.isdisjoint(set(lock.split())) or len(lock.split()) > 5


def test_the_same_whatever_the_order_and_another_seed_others():
    documents = [Document(f"d{i}", f"title {i} here", f"some text {i} of words {i * 7}.") for i in range(50)]
    first = make_queries(Documents(documents), QueryMaking(limit=20))
    again = make_queries(Documents(documents[::-1]), QueryMaking(limit=20))
    other = make_queries(Documents(documents), QueryMaking(limit=20, query_seed=1))
    assert len(first.queries) == 20
    assert first == again
    assert first.queries != other.queries


def test_test_queries_and_their_like_are_left_out():
    made = make_queries(
        Documents(DOCUMENTS), QueryMaking(kinds=["title"]), exclude={"t": "Number 1 TOPIC", "u": "unlike"}
    )
    assert made.left_out == 1
    assert sorted(made.queries.values()) == ["topic number 0", "topic number 2"]


def test_equal_texts_become_one_query_and_empty_documents_are_counted():
    twins = [Document("a", "same title", ""), Document("b", "Same Title", ""), Document("c", "", " ")]
    made = make_queries(Documents(twins), QueryMaking(kinds=["title"]))
    assert len(made.queries) == 1
    assert made.empty == 1


def test_nothing_to_make_queries_of_is_refused():
    with pytest.raises(InputError, match="2 documents, 1 of them empty"):
        make_queries(Documents([Document("a", "", ""), Document("b", "word", "")]))
    with pytest.raises(InputError, match="`kinds` summary: use some of title, sentence, words"):
        make_queries(Documents(DOCUMENTS), QueryMaking(kinds=["summary"]))


def test_the_command_writes_queries_and_sources(tmp_path, capsys, refused):
    write_beir(tmp_path / "c", DOCUMENTS, {"test": {"q": "sort list"}}, {"test": {"q": {"d0": 1}}})
    write_topics(tmp_path / "test.tsv", {"q": "topic number 0"})
    words = (
        f"--collection {tmp_path}/c --output {tmp_path}/made.tsv --exclude {tmp_path}/test.tsv --kinds title"
    )
    main(words.split())
    assert "2 queries" in capsys.readouterr().out
    queries, sources = read_queries(tmp_path / "made.tsv"), read_qrels(tmp_path / "made.tsv.sources")
    assert queries.keys() == sources.keys()
    assert "made.tsv: exists already" in refused(main, *words.split())


def test_a_model_can_write_queries(tiny_seq2seq, refused, tmp_path):
    options = QueryMaking(kinds=[], generator=str(tiny_seq2seq))
    made = make_queries(Documents(DOCUMENTS), options)
    assert made.queries
    assert {docid for judged in made.sources.values() for docid in judged} <= {"d0", "d1", "d2"}
    assert make_queries(Documents(DOCUMENTS[::-1]), options) == made
    assert (
        make_queries(Documents(DOCUMENTS), QueryMaking(kinds=[], generator=str(tiny_seq2seq), query_seed=3))
        != made
    )
    both = make_queries(Documents(DOCUMENTS), QueryMaking(kinds=["title"], generator=str(tiny_seq2seq)))
    assert set(made.queries.values()) | {f"topic number {i}" for i in range(3)} == set(both.queries.values())
    with pytest.raises(
        InputError, match=r"`generator` .*nowhere: .* give the directory of a sequence-to-sequence"
    ):
        make_queries(Documents(DOCUMENTS), QueryMaking(kinds=[], generator=str(tmp_path / "nowhere")))


@pytest.fixture(scope="module")
def tiny_seq2seq(tmp_path_factory, tiny_encoder):
    """A model with random weights that writes words of the tiny encoder's vocabulary."""
    import torch
    from transformers import AutoTokenizer, T5Config, T5ForConditionalGeneration

    directory = tmp_path_factory.mktemp("seq2seq")
    tokenizer = AutoTokenizer.from_pretrained(tiny_encoder)
    tokenizer.save_pretrained(directory)
    torch.manual_seed(1)
    sizes = {"d_model": 16, "d_kv": 8, "d_ff": 32, "num_layers": 1, "num_heads": 2}
    config = T5Config(
        vocab_size=len(tokenizer), **sizes, pad_token_id=0, eos_token_id=3, decoder_start_token_id=0
    )
    T5ForConditionalGeneration(config).save_pretrained(directory)
    return directory
