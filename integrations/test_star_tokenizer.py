"""Parity of STAR's tokenisation with the reference implementation, on RoBERTa's byte pairs (``../shared``)."""

import json

import pytest
from conftest import DATA

from pyserini_ltre.encode import star_tokenizer

GOLDEN = DATA.parent / "golden" / "star_tokenizer.json"
BYTE_PAIRS = DATA / "tokenizers" / "roberta-base"


@pytest.fixture(scope="module")
def tokenizer():
    return star_tokenizer(BYTE_PAIRS / "vocab.json", BYTE_PAIRS / "merges.txt")


@pytest.mark.skipif(not GOLDEN.is_file(), reason=f"{GOLDEN} is not on this machine")
@pytest.mark.parametrize("length", [64, 512])
def test_ids_are_the_reference_ones(tokenizer, length):
    entries = [entry for entry in json.loads(GOLDEN.read_text()) if entry["max_length"] == length]
    ids = tokenizer([entry["text"] for entry in entries], truncation=True, max_length=length)["input_ids"]
    blank = [tokenizer.cls_token_id, tokenizer.sep_token_id]  # where the reference stopped with an error
    expected = [blank if entry["ids"] is None else entry["ids"] for entry in entries]
    assert entries and ids == expected
