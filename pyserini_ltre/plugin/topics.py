"""Registered names for `--topics`, and for the qrels of `pyserini.eval.trec_eval`."""

import functools
import os
from collections.abc import Iterator
from typing import Any

from pyserini_ltre.collection import read_queries
from pyserini_ltre.plugin.command import one_line_in_commands
from pyserini_ltre.plugin.registered import registered_path

Topics = dict[int | str, dict[str, str]]


def registered_topics_and_qrels(module: Any) -> Iterator[None]:
    """Teach `get_topics` and `get_qrels_file` of `pyserini.search` the registered names."""
    yield
    get_topics, get_qrels_file = module.get_topics, module.get_qrels_file

    @functools.wraps(get_topics)
    def topics_by_name(collection_name: str) -> Topics:
        with one_line_in_commands():
            path = registered_path("topics", collection_name)
            if path is not None:
                return pyserini_topics(path)
        return get_topics(collection_name)

    @functools.wraps(get_qrels_file)
    def qrels_by_name(collection_name: str) -> str:
        with one_line_in_commands():
            path = registered_path("qrels", collection_name)
        return get_qrels_file(collection_name) if path is None else str(path)

    module.get_topics, module.get_qrels_file = topics_by_name, qrels_by_name


def pyserini_topics(path: str | os.PathLike[str]) -> Topics:
    """Read queries into the shape in which Pyserini keeps topics.

    Parameters
    ----------
    path : path
        What `read_queries` reads.

    Returns
    -------
    dict
        Topic id -> {"title": text}. Ids that are plain numbers are integers, which Pyserini sorts by value;
        any other, "0007" too, stays text and so reaches the run file as it was written.
    """
    return {_sortable(topic_id): {"title": text} for topic_id, text in read_queries(path).items()}


def _sortable(topic_id: str) -> int | str:
    number = topic_id.isdecimal() and topic_id.isascii() and (topic_id == "0" or topic_id[0] != "0")
    return int(topic_id) if number else topic_id
