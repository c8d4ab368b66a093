"""The teacher where none is given: the frozen encoder's run fused with BM25's."""

import os
import subprocess
import sys
import tempfile
from pathlib import Path

import numpy as np
import torch

from pyserini_ltre.collection import read_run, write_json_collection, write_topics
from pyserini_ltre.collection.records import Collection, Queries, Run
from pyserini_ltre.encode.batching import encode_texts
from pyserini_ltre.encode.model import BiEncoder
from pyserini_ltre.errors import InputError
from pyserini_ltre.files import expanded
from pyserini_ltre.index import IndexDirectory
from pyserini_ltre.index.seam import retrieve
from pyserini_ltre.run.fuse import weighted_sum

HITS = 200
ANSERINI = """
import sys
from pyserini.pyclass import autoclass
autoclass("io.anserini.search.SearchCollection").main(sys.argv[1:])
"""


def fused_teacher(
    index: IndexDirectory,
    encoder: BiEncoder,
    queries: Queries,
    lucene: str | os.PathLike[str] | Collection,
    bm25_weight: float,
) -> tuple[Run, dict[str, np.ndarray]]:
    """Search with the frozen encoder and with BM25, and add up their scores (min-max for each query).

    Parameters
    ----------
    index, encoder, queries, lucene
        As for `frozen_and_bm25`.
    bm25_weight : float
        Between 0 and 1; the encoder's scores weigh the rest.

    Returns
    -------
    run : dict of str to dict of str to float
        Query id -> document id -> score.
    vectors : dict of str to ndarray (d,)
        The frozen encoder's embeddings of the queries, which training needs again.

    Raises
    ------
    InputError
        If Pyserini cannot index or search.
    """
    frozen, bm25, vectors = frozen_and_bm25(index, encoder, queries, lucene)
    return weighted_sum([frozen, bm25], [1 - bm25_weight, bm25_weight], "min-max"), vectors


def frozen_and_bm25(
    index: IndexDirectory,
    encoder: BiEncoder,
    queries: Queries,
    lucene: str | os.PathLike[str] | Collection,
) -> tuple[Run, Run, dict[str, np.ndarray]]:
    """Search with the frozen encoder and with BM25.

    Parameters
    ----------
    index : IndexDirectory
        Of the encoder's vectors.
    encoder : BiEncoder
        As it is before training.
    queries : dict of str to str
        To be answered.
    lucene : path or Collection
        Lucene index of the same documents, or the documents: an index of them is made, and removed.

    Returns
    -------
    frozen, bm25 : dict of str to dict of str to float
        Query id -> document id -> score.
    vectors : dict of str to ndarray (d,)
        The frozen encoder's embeddings of the queries.

    Raises
    ------
    InputError
        If Pyserini cannot index or search.
    """
    embeddings = encode_texts(encoder, list(queries.values()), "query", progress=True, backend="auto")
    searchable = index.open(device=encoder.device)
    frozen = retrieve(
        searchable, index.docids, list(queries), torch.from_numpy(embeddings), HITS, progress=True
    )
    with tempfile.TemporaryDirectory(prefix="pyserini-ltre-") as temporary:
        folder = Path(temporary)
        if not isinstance(lucene, str | os.PathLike):
            write_json_collection(lucene.documents(), folder / "corpus")
            _pyserini(
                *("index.lucene", "--collection", "JsonCollection", "--input", folder / "corpus"),
                *("--index", folder / "lucene", "--threads", os.cpu_count() or 1),
            )
            lucene = folder / "lucene"
        bm25 = _bm25_run(expanded(lucene), queries, folder)
    return frozen, bm25, dict(zip(queries, embeddings, strict=True))


def _bm25_run(lucene: Path, queries: Queries, folder: Path) -> Run:
    """Search with BM25, with files in a folder.

    Anserini's own command writes the bytes that Pyserini's does, without a Python object for each of two million hits:
    in half the time. That of Pyserini 2.4 first asks the network for what indexes there are; Pyserini's does not.
    """
    run, threads = folder / "bm25.txt", os.cpu_count() or 1
    write_topics(folder / "queries.tsv", {qid: text for qid, text in queries.items() if text.strip()})
    done = _run(
        *("-c", ANSERINI, "-bm25", "-index", lucene, "-hits", HITS, "-threads", threads, "-output", run),
        *("-topicReader", "TsvString", "-topics", folder / "queries.tsv"),
    )
    # Its exit status is 0 whatever happens, and a run may have been begun: where there is a doubt, Pyserini searches.
    if not run.exists() or done.returncode or "Exception" in done.stdout + done.stderr:
        # As JSON, because Pyserini turns ids that are numbers in a .tsv into other ids.
        write_topics(folder / "queries.json", queries)
        _pyserini(
            *("search.lucene", "--bm25", "--index", lucene, "--hits", HITS, "--output", run),
            *("--topics", folder / "queries.json", "--batch-size", 256, "--threads", threads),
        )
    return read_run(run)


def _run(*words: object) -> subprocess.CompletedProcess[str]:
    """Run Python with arguments."""
    return subprocess.run([sys.executable, *map(str, words)], capture_output=True, text=True, check=False)


def _pyserini(*words: object) -> None:
    module, *options = words
    done = _run("-m", f"pyserini.{module}", *options)
    if done.returncode:
        last = (done.stderr.strip() or done.stdout.strip() or "no message").splitlines()[-1]
        raise InputError(
            f"python -m pyserini.{module} failed: {last}; give `teacher`, a run that you have made"
        )
