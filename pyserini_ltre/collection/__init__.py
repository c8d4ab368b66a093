"""Readers and writers of documents, queries, judgements and runs."""

from pyserini_ltre.collection.beir import BeirFolder, write_beir, write_json_collection
from pyserini_ltre.collection.hugging_face import HuggingFaceCollection
from pyserini_ltre.collection.judged import read_judged_queries
from pyserini_ltre.collection.ms_marco import MsMarcoFolder
from pyserini_ltre.collection.naming import PyseriniTopics, open_collection
from pyserini_ltre.collection.overlap import near_duplicates, overlapping_queries
from pyserini_ltre.collection.python_stdlib import PythonStdlib
from pyserini_ltre.collection.qrels import read_qrels, write_qrels
from pyserini_ltre.collection.queries import read_queries, write_topics
from pyserini_ltre.collection.records import Collection, Document, Qrels, Queries, Run, best_first
from pyserini_ltre.collection.runs import read_msmarco_run, read_run, write_msmarco_run, write_run

__all__ = [
    "BeirFolder",
    "Collection",
    "Document",
    "HuggingFaceCollection",
    "MsMarcoFolder",
    "PyseriniTopics",
    "PythonStdlib",
    "Qrels",
    "Queries",
    "Run",
    "best_first",
    "near_duplicates",
    "open_collection",
    "overlapping_queries",
    "read_judged_queries",
    "read_msmarco_run",
    "read_qrels",
    "read_queries",
    "read_run",
    "write_beir",
    "write_json_collection",
    "write_msmarco_run",
    "write_qrels",
    "write_run",
    "write_topics",
]
