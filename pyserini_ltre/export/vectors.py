"""Topics as vectors: Lucene's dense searcher takes them where it would take text, and needs no encoder then."""

import json
import os
from pathlib import Path

from pyserini_ltre.collection import Queries, write_topics
from pyserini_ltre.encode.batching import check_finite, encode_texts
from pyserini_ltre.encode.model import BiEncoder
from pyserini_ltre.files import atomic_file


def export_vectors(
    encoder: BiEncoder, queries: Queries, output: str | os.PathLike[str], progress: bool = True
) -> None:
    """Encode queries, and write each embedding as a JSON array.

    Parameters
    ----------
    encoder : BiEncoder
        The query encoder.
    queries : dict of str to str
        Query texts by id.
    output : path
        Topics of Pyserini (tab-separated, or JSON if it ends in ``.json``); if it ends in ``.jsonl``, lines with
        ``qid`` and ``vector`` as Anserini's ``JsonStringVector`` topic reader takes them.
    progress : bool
        Whether to show a bar.

    Raises
    ------
    InputError
        If an embedding is not finite.
    """
    vectors = check_finite(encode_texts(encoder, list(queries.values()), "query", progress=progress), encoder)
    if Path(output).suffix != ".jsonl":
        arrays = (json.dumps(vector.tolist()) for vector in vectors)
        write_topics(output, dict(zip(queries, arrays, strict=True)))
        return
    with atomic_file(output) as file:
        for qid, vector in zip(queries, vectors, strict=True):
            file.write(json.dumps({"qid": qid, "vector": vector.tolist()}) + "\n")
