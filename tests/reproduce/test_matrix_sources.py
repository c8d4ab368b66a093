"""The collections of the matrix: found in a folder, named, told apart."""

import pytest

from pyserini_ltre.errors import InputError
from pyserini_ltre.reproduce.collections import KNOWN, find_source, names_in


def test_a_folder_of_collections_or_one_of_them(data):
    assert find_source("scifact", data).location == str(data / "scifact")
    assert find_source("scifact", data / "scifact").location == str(data / "scifact")
    assert names_in(data) == ["python-stdlib", "scifact", "cacm"]
    assert names_in(data / "cacm") == ["python-stdlib", "cacm"]
    assert names_in(None) == ["python-stdlib"]


def test_a_collection_without_training_queries_is_trained_on_another(data):
    assert find_source("cacm", data).trained_on.name == "scifact"
    assert find_source("cacm", data / "cacm", trained=False).trained_on is None
    assert find_source("scifact", data).trained_on is None


def test_those_that_are_trained_on_have_training_queries_of_their_own():
    assert all(KNOWN[k.trained_on].trained_on is None for k in KNOWN.values() if k.trained_on)


@pytest.mark.parametrize(
    ("name", "place", "message"),
    [
        ("trec-covid", "", "`collection` trec-covid: there are: python-stdlib, scifact"),
        ("nfcorpus", "", "no folder nfcorpus in it"),
        ("cacm", "cacm", "cacm has no training queries of its own: .* no folder scifact"),
    ],
)
def test_what_is_not_there_is_named(data, name, place, message):
    with pytest.raises(InputError, match=message):
        find_source(name, data / place)


def test_data_is_asked_for():
    with pytest.raises(InputError, match="`collection` scifact needs `data`"):
        find_source("scifact", None)


def test_data_that_does_not_exist(tmp_path):
    with pytest.raises(InputError, match="no such folder"):
        names_in(tmp_path / "nowhere")


def test_the_fingerprint_changes_with_a_text_or_a_judgement(data):
    first = find_source("scifact", data).fingerprint
    assert find_source("scifact", data).fingerprint == first != find_source("cacm", data).fingerprint
    qrels = data / "scifact" / "qrels" / "test.tsv"
    qrels.write_text(qrels.read_text() + "test1\td9\t1\n")
    assert find_source("scifact", data).fingerprint != first
