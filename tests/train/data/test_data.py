"""Which queries are trained on, what is held out, and what is counted."""

import pytest
import torch

from pyserini_ltre.collection import overlapping_queries
from pyserini_ltre.collection.held_out import hold_out
from pyserini_ltre.collection.judged import Judged, judged_queries
from pyserini_ltre.errors import InputError
from pyserini_ltre.train.data.order import EpochSampler

ROW_OF = {"a": 0, "b": 1, "0007": 2}


def test_unknown_documents_and_queries_without_relevant_ones_are_counted():
    queries = {"1": "one", "2": "two", "3": "three", "4": "four", "5": "five"}
    qrels = {
        "1": {"a": 1, "gone": 1, "7": 0},
        "2": {"gone": 2},  # relevant, but not in the index
        "3": {"b": 0},  # judged, not relevant
        "5": {"0007": 3, "b": 0},
        "elsewhere": {"gone": 1},
    }
    judged = judged_queries(queries, qrels, ROW_OF, "qrels.txt")
    assert judged == Judged({"1": "one", "5": "five"}, {"1": {"a": 1}, "5": {"0007": 3, "b": 0}}, 3, 3)


def test_no_query_left_is_an_error_that_names_the_source():
    with pytest.raises(InputError, match=r"qrels.txt: none of 1 queries .*\(1 judgements name documents"):
        judged_queries({"1": "one"}, {"1": {"7": 1}}, ROW_OF, "qrels.txt")


def judged(count):
    qids = [f"q{number}" for number in range(count)]
    return Judged({qid: f"text {qid}" for qid in qids}, {qid: {"a": 1} for qid in qids}, 4, 6)


@pytest.mark.parametrize(("count", "held"), [(3, 2), (10, 2), (25, 2), (26, 3), (300, 30)])
def test_a_tenth_is_held_out_and_nothing_is_lost(count, held):
    everything = judged(count)
    train, held_out = hold_out(everything)
    assert len(held_out.queries) == held
    assert len(train.queries) == count - held
    assert {**train.queries, **held_out.queries} == everything.queries
    assert train.qrels.keys() == train.queries.keys()
    assert held_out.qrels.keys() == held_out.queries.keys()
    assert (train.missing_documents, train.skipped_queries) == (4, 6)
    assert hold_out(everything) == (train, held_out)


def test_what_is_held_out_does_not_depend_on_the_order_of_the_file():
    everything = judged(40)
    backwards = Judged(dict(reversed(everything.queries.items())), everything.qrels, 0, 0)
    assert hold_out(everything)[1].queries == hold_out(backwards)[1].queries


def test_the_held_out_share_no_document_with_the_rest_where_that_is_possible():
    """Pairs of queries share a document; ten more hang together and are too many to be held out whole."""
    qids = [f"q{number}" for number in range(110)]
    qrels = {qid: {f"d{number // 2}": 1, f"n{number}": 0} for number, qid in enumerate(qids[:100])}
    qrels |= {qid: {f"x{number}": 1, f"x{number + 1}": 1} for number, qid in enumerate(qids[100:])}
    everything = Judged({qid: f"text {qid}" for qid in qids}, qrels, 0, 0)
    train, held_out = hold_out(everything)
    assert len(held_out.queries) == 11
    # Eleven is odd, and all but one come in pairs: one has to be torn off.
    assert len(overlapping_queries(held_out.qrels, train.qrels)) == 1


def test_too_few_queries_to_hold_any_out():
    with pytest.raises(InputError, match="give dev queries"):
        hold_out(judged(2))


def test_order_of_queries_depends_on_seed_and_epoch_alone():
    lengths = [3 + number % 17 for number in range(200)]

    def order(seed, epoch):
        torch.rand(7)  # other users of the global generator change nothing
        sampler = EpochSampler(8, lengths, seed)
        sampler.set_epoch(epoch)
        return list(sampler)

    assert order(1, 0) == order(1, 0)
    assert sorted(order(1, 0)) == list(range(200))
    assert len({tuple(order(seed, epoch)) for seed, epoch in ((1, 0), (1, 1), (5, 0))}) == 3
