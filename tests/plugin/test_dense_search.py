"""The fast way of dense search, in parts; test_in_pyserini.py compares whole runs."""

import gc
import io
import sys
import types

import numpy as np
import pytest

from pyserini_ltre.plugin import dense_search
from pyserini_ltre.plugin.dense_search import Upcoming, faster_run_files, faster_with_ours
from pyserini_ltre.plugin.hits import Hits

DOCIDS = [f"d{row}" for row in range(9)] + [" padded "]


def hits(rows, scores):
    return Hits(lambda docid, score: (docid, score), DOCIDS, np.array(rows), np.array(scores, np.float32))


def test_hits_are_a_sequence_of_results():
    found = hits([3, 0, 7, -1, -1], [0.9, 0.5, 0.1, -3.4e38, -3.4e38])
    assert len(found) == 3
    assert [docid for docid, _ in found] == ["d3", "d0", "d7"]
    assert found[-1] == ("d7", np.float32(0.1))
    assert isinstance(found[0][1], np.float32)
    assert found[1:] == [found[1], found[2]]
    with pytest.raises(IndexError):
        found[3]


def test_trec_lines_are_those_of_each_hit():
    scores = np.random.default_rng(0).normal(size=10).astype(np.float32) * 10.0 ** np.arange(-5, 5)
    found = hits(range(10), scores)
    expected = [
        f"7 Q0 {docid.strip()} {rank} {score:.6f} tag\n" for rank, (docid, score) in enumerate(found, 1)
    ]
    assert found.trec_lines("7", "tag", 1000) == "".join(expected)
    assert found.trec_lines("7", "tag", 4) == "".join(expected[:4])


class Encoder:
    """Remembers how each query was encoded."""

    def __init__(self):
        self.alone, self.windows, self.open = [], [], 0

    def encode(self, query):
        self.alone.append(query)
        return query

    def encode_ahead(self, queries):
        self.windows.append(queries)
        encoder = self

        class Ahead(list):
            def __enter__(self):
                encoder.open += 1
                return self

            def __exit__(self, *error):
                encoder.open -= 1

        return Ahead(queries)


Encoder.__module__ = "pyserini_ltre.encode.made_by_a_test"


def test_queries_come_from_ahead_window_by_window(monkeypatch):
    monkeypatch.setattr(dense_search, "AHEAD", 4)
    queries = [f"q{i}" for i in range(10)]
    encoder = Encoder()
    upcoming = Upcoming(encoder, queries)
    assert [upcoming.vector(query) for query in queries] == queries
    assert encoder.windows == [queries[:4], queries[4:8], queries[8:]]
    assert not encoder.alone and not encoder.open


def test_a_query_out_of_turn_is_encoded_on_the_spot():
    encoder = Encoder()
    upcoming = Upcoming(encoder, ["a", "b"])
    assert [upcoming.vector(query) for query in ("b", "a", "other", "b", "b")] == [
        "b",
        "a",
        "other",
        "b",
        "b",
    ]
    assert encoder.alone == ["b", "other", "b"]
    assert not encoder.open


class FaissSearcher:
    """As Pyserini's, without an index."""

    def __init__(self, encoder):
        self.query_encoder = encoder

    def search(self, query, k=10, threads=1, remove_dups=False, return_vector=False):
        return "plain", query, k, threads, remove_dups, return_vector

    def batch_search(self, queries, q_ids, k=10, threads=1, return_vector=False):
        return "plain", queries, q_ids, k, threads, return_vector


@pytest.fixture
def searchers():
    """The module whose class is patched."""
    module = types.ModuleType("pyserini.search.faiss")
    module.FaissSearcher = type("FaissSearcher", (FaissSearcher,), {})
    return module


@pytest.mark.parametrize("command", [False, True])
def test_encoders_of_others_search_as_ever(searchers, monkeypatch, command):
    monkeypatch.setattr(dense_search, "is_pyserini_command", lambda: command)
    list(faster_with_ours(searchers))
    searcher = searchers.FaissSearcher(object())
    assert searcher.search("q", 5, return_vector=True) == ("plain", "q", 5, 1, False, True)
    assert searcher.search(query="q", k=5, remove_dups=True) == ("plain", "q", 5, 1, True, False)
    assert searcher.batch_search(["q"], ["1"], threads=3) == ("plain", ["q"], ["1"], 10, 3, False)


def test_programs_and_vectors_search_as_ever(searchers, monkeypatch):
    list(faster_with_ours(searchers))
    searcher = searchers.FaissSearcher(Encoder())
    assert searcher.search("q")[0] == "plain"
    monkeypatch.setattr(dense_search, "is_pyserini_command", lambda: True)
    vectors = np.zeros((1, 3))
    assert searcher.search(vectors)[:2] == ("plain", vectors)
    assert searcher.batch_search(vectors, ["1"])[:2] == ("plain", vectors)
    assert searcher.batch_search([{"query": "q"}], ["1"])[0] == "plain"
    assert searcher.search("q", return_vector=True)[0] == "plain"


def test_a_pyserini_that_has_changed_is_left_as_it_is(searchers):
    def search(self, query, depth):
        return "new"

    searchers.FaissSearcher.search = search
    with pytest.raises(TypeError, match=r"FaissSearcher\.search takes other arguments"):
        list(faster_with_ours(searchers))
    assert searchers.FaissSearcher.search(None, "q", 3) == "new"
    assert searchers.FaissSearcher.batch_search is FaissSearcher.batch_search


@pytest.mark.parametrize(
    ("arguments", "paused"),
    [
        (["--encoder", "ltre:model"], True),
        (["--encoder=star"], True),
        (["--encoder", "relevance/ltre"], False),
        (["--encoder", "castorini/tct_colbert", "--index", "starter"], False),
    ],
)
@pytest.mark.parametrize("fails", [False, True])
def test_no_garbage_is_looked_for_during_imports_for_our_names(
    searchers, monkeypatch, arguments, paused, fails
):
    monkeypatch.setattr(dense_search, "is_pyserini_command", lambda: True)
    monkeypatch.setattr(sys, "argv", ["-m", *arguments])
    assert gc.isenabled()
    patch = faster_with_ours(searchers)
    next(patch)
    assert gc.isenabled() is not paused
    patch.close() if fails else next(patch, None)
    assert gc.isenabled()


class TrecWriter:
    """As Pyserini's, writing to memory."""

    def __init__(self, file_path="", max_hits=1000, tag=None, use_max_passage=False):
        self.max_hits, self.tag, self.use_max_passage = max_hits, tag, use_max_passage
        self._file = io.StringIO()

    def write(self, topic, hits):
        self._file.write(f"{topic}: {len(hits)} one by one\n")


@pytest.fixture
def writers():
    module = types.ModuleType("pyserini.output_writer")
    module.TrecWriter = type("TrecWriter", (TrecWriter,), {})
    list(faster_run_files(module))
    return module


def test_only_hits_of_the_fast_way_are_written_at_once(writers):
    found = hits([1, 2], [0.5, 0.25])
    for writer, what, expected in (
        (writers.TrecWriter(tag="t"), found, "7 Q0 d1 1 0.500000 t\n7 Q0 d2 2 0.250000 t\n"),
        (writers.TrecWriter(tag="t", max_hits=1), found, "7 Q0 d1 1 0.500000 t\n"),
        (writers.TrecWriter(tag="t", max_hits=0), found, "7 Q0 d1 1 0.500000 t\n"),
        (writers.TrecWriter(tag="t"), list(found), "7: 2 one by one\n"),
        (writers.TrecWriter(use_max_passage=True), found, "7: 2 one by one\n"),
    ):
        writer.write("7", what)
        assert writer._file.getvalue() == expected
