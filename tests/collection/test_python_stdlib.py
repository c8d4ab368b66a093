import subprocess
import sys

import pytest

from pyserini_ltre.collection import PythonStdlib, overlapping_queries
from pyserini_ltre.collection.python_source import split_words
from pyserini_ltre.collection.python_stdlib import first_paragraph, query_id_and_split
from pyserini_ltre.errors import InputError


@pytest.fixture(scope="module")
def stdlib():
    return PythonStdlib()


@pytest.fixture(scope="module")
def documents(stdlib):
    return {document.docid: document for document in stdlib.documents()}


def test_a_known_method_is_found_in_words(stdlib, documents):
    decode = documents["json.decoder.JSONDecoder.decode"]
    assert decode.title == "json decoder JSON Decoder decode"
    assert decode.text.startswith("def decode(self, s, w=WHITESPACE match): obj, end = self raw decode(s")
    assert "Python representation" not in decode.text
    queries = {qid: text for split in stdlib.splits for qid, text in stdlib.queries(split).items()}
    relevant = [
        qid
        for split in stdlib.splits
        for qid, judged in stdlib.qrels(split).items()
        if decode.docid in judged
    ]
    assert [queries[qid] for qid in relevant] == [
        "Return the Python representation of ``s`` (a ``str`` instance containing a JSON document)."
    ]


def test_documents_are_unique_long_enough_and_not_from_test_packages(stdlib, documents):
    assert len(documents) == len(list(stdlib.documents())) > 5000
    for document in documents.values():
        assert len(document.docid.split()) == 1
        assert document.title
        assert len(document.text) > 40
    assert not {docid.split(".")[0] for docid in documents} & {"test", "tests", "pytest", "numpy"}
    assert not any(".idle_test." in docid for docid in documents)
    assert "functools.wraps" in documents
    assert "unittest.case.TestCase.assertEqual" in documents


def test_no_document_holds_its_own_query(stdlib, documents):
    leaks = [
        docid
        for split in stdlib.splits
        for qid, judged in stdlib.qrels(split).items()
        for docid in judged
        if split_words(stdlib.queries(split)[qid]).casefold() in documents[docid].text.casefold()
    ]
    # A docstring that begins with the signature (doctest.testmod) is in the code for that reason.
    assert len(leaks) <= 3


def test_splits_are_disjoint_and_near_70_10_20(stdlib, documents):
    sizes = {split: len(stdlib.queries(split)) for split in stdlib.splits}
    total = sum(sizes.values())
    assert total > 2000
    assert sizes["train"] / total == pytest.approx(0.7, abs=0.03)
    assert sizes["dev"] / total == pytest.approx(0.1, abs=0.03)
    texts = [text.casefold() for split in stdlib.splits for text in stdlib.queries(split).values()]
    assert len(texts) == len(set(texts)) == total
    assert all(20 <= len(text) <= 250 for text in texts)
    for split in stdlib.splits:
        qrels = stdlib.qrels(split)
        assert qrels.keys() == stdlib.queries(split).keys()
        assert all(judged.keys() <= documents.keys() for judged in qrels.values())
        assert not any(qid.isdigit() for qid in qrels)
    assert not overlapping_queries(stdlib.qrels("test"), stdlib.qrels("train"))


def test_same_query_text_makes_one_query_with_several_documents(stdlib):
    sizes = [len(judged) for split in stdlib.splits for judged in stdlib.qrels(split).values()]
    assert max(sizes) > 1
    assert query_id_and_split("Return X.") == query_id_and_split("return x.")


def test_query_ids_and_splits_never_change():
    assert query_id_and_split("Flush and close the file.") == ("q92b3c6732ed6", "test")
    assert first_paragraph("\n  Flush and\n   close.\n   \n  More.\n") == "Flush and close."


def test_a_sample_is_small_spread_and_part_of_the_whole(documents):
    sample = PythonStdlib(limit=300)
    drawn = list(sample.documents())
    assert len(drawn) == 300
    assert [document.docid for document in drawn] == [
        docid for docid in documents if docid in {d.docid for d in drawn}
    ]
    assert all(documents[document.docid] == document for document in drawn)
    assert len({document.docid.split(".")[0] for document in drawn}) > 50
    judged = {docid for split in sample.splits for qrels in sample.qrels(split).values() for docid in qrels}
    assert judged <= {document.docid for document in drawn}


def test_fingerprint_is_the_same_in_another_process(stdlib):
    program = "from pyserini_ltre.collection import PythonStdlib; print(PythonStdlib().fingerprint)"
    again = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    assert again.stdout.strip() == stdlib.fingerprint
    assert len(stdlib.fingerprint) == 64
    assert stdlib.python_version.startswith(f"{sys.version_info.major}.{sys.version_info.minor}.")


def test_bad_limit_and_unknown_split_are_refused(stdlib):
    with pytest.raises(InputError, match="limit of 0"):
        PythonStdlib(limit=0)
    with pytest.raises(InputError, match="no split 'valid'"):
        stdlib.queries("valid")
