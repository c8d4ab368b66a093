"""A small retrieval problem that can be learned: each topic has its own words and its own place among the vectors."""

import hashlib
import os
from pathlib import Path
from typing import NamedTuple

import faiss
import numpy as np
import pytest
import torch

from pyserini_ltre.collection import Document, write_beir, write_qrels, write_topics
from pyserini_ltre.index.writing import write_index_directory

WORDS = (
    "open close read write file socket list sort search query document index vector train encode decode "
    "parse split join path name string number date time thread lock queue stack tree"
).split()
TOPICS = [WORDS[start : start + 3] for start in range(0, 30, 3)]
DOCUMENTS_A_TOPIC = 4
DIMENSION = 32


class Problem(NamedTuple):
    """An index directory, and training and dev queries with their judgements."""

    directory: Path
    queries: dict[str, str]
    qrels: dict[str, dict[str, int]]
    dev: tuple[dict[str, str], dict[str, dict[str, int]]]


def make_index(path, vectors, docids):
    index = faiss.IndexFlatIP(vectors.shape[1])
    index.add(vectors)
    record = {"name": "tiny", "pooling": "mean", "normalise": True, "prefix": "", "max_length": 64}
    write_index_directory(path, index, docids, record)
    return path


@pytest.fixture
def write_index():
    """Write vectors (N, d) and their ids as an index directory."""
    return make_index


@pytest.fixture
def same_threads_there():
    """Environment of a process whose torch computes on as many threads as this one: else the last digits differ."""
    return {**os.environ, "OMP_NUM_THREADS": str(torch.get_num_threads())}


@pytest.fixture(scope="session")
def problem(tmp_path_factory):
    generator = np.random.default_rng(17)
    centres = generator.normal(size=(len(TOPICS), DIMENSION))
    vectors = np.repeat(centres, DOCUMENTS_A_TOPIC, axis=0)
    vectors = (vectors + 0.3 * generator.normal(size=vectors.shape)).astype(np.float32)
    vectors /= np.linalg.norm(vectors, axis=1, keepdims=True)
    docids = [f"{topic}-{number}" for topic in range(len(TOPICS)) for number in range(DOCUMENTS_A_TOPIC)]
    queries, qrels = {}, {}
    for number in range(100):
        topic = number % len(TOPICS)
        words = generator.choice(TOPICS[topic], size=4)
        queries[f"{number:04d}"] = " ".join(words)
        qrels[f"{number:04d}"] = {f"{topic}-{document}": 1 for document in range(DOCUMENTS_A_TOPIC)}
    parts = [
        ({q: queries[q] for q in qids}, {q: qrels[q] for q in qids})
        for qids in (list(queries)[:70], list(queries)[70:])
    ]
    directory = make_index(tmp_path_factory.mktemp("problem") / "index", vectors, docids)
    return Problem(directory, *parts[0], parts[1])


@pytest.fixture
def judged_files(problem, tmp_path):
    """Flags and files of 63 training and 7 dev queries, all of topics that are trained on, chosen by a hash."""
    by_hash = sorted(problem.queries, key=lambda qid: hashlib.sha256(qid.encode()).digest())
    flags = {}
    for prefix, qids in (("", sorted(by_hash[7:])), ("dev-", sorted(by_hash[:7]))):
        flags |= {f"--{prefix}queries": tmp_path / f"{prefix}queries.tsv"}
        flags |= {f"--{prefix}qrels": tmp_path / f"{prefix}qrels.txt"}
        write_topics(flags[f"--{prefix}queries"], {qid: problem.queries[qid] for qid in qids})
        write_qrels(flags[f"--{prefix}qrels"], {qid: problem.qrels[qid] for qid in qids})
    return flags


@pytest.fixture
def collection(problem, tmp_path):
    """A folder with the documents: each has the words of its topic."""
    documents = [
        Document(f"{topic}-{number}", "", " ".join(words))
        for topic, words in enumerate(TOPICS)
        for number in range(DOCUMENTS_A_TOPIC)
    ]
    write_beir(tmp_path / "collection", documents, {}, {})
    return tmp_path / "collection"
