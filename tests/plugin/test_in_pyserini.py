"""Pyserini itself, unmodified, in one process (one JVM) for all tests here."""

import json
import os
import subprocess
import sys
from pathlib import Path

import faiss
import numpy as np
import pytest
from pyserini_commands import RUN_COMMANDS
from small_input import DIMENSION, WORDS

from pyserini_ltre.encode.feedback import Feedback, FeedbackWeights
from pyserini_ltre.encode.model import BiEncoder
from pyserini_ltre.index import IndexDirectory
from pyserini_ltre.index.sharded.convert import shard

REPOSITORY = Path(__file__).parents[2]

PROGRAM = (
    RUN_COMMANDS
    + """
import pyserini.encode
from pyserini.encode import AutoQueryEncoder, QueryEncoder
from pyserini.search.faiss import FaissSearcher
plain = AutoQueryEncoder("relevance/ltre", pooling="mean", l2_norm=True)
searcher = FaissSearcher("index", "ltre")
results["classes"] = {
    "query": list(pyserini.encode.query_encoder_class_map),
    "document": list(pyserini.encode.document_encoder_class_map),
    "plain": type(plain).__name__,
    "ours": type(searcher.query_encoder).__name__,
    "key": os.environ.get("OPENAI_API_KEY"),
    "hits": [hit.docid for hit in searcher.search("open file", 3)],
    "types": [type(searcher.search("open file", 3)).__name__,
              *(type(hits).__name__ for hits in searcher.batch_search(["open file"], ["1"], 3).values())],
}
json.dump(results, open("results.json", "w"))
"""
)


KINDS = ("Flat", "SQ8", "HNSW16", "IVF4,Flat", "PQ8", "OPQ8,PQ8", "PQ8x4fs", "PQ8,RFlat")
ROCCHIO = ["--prf-depth", "5", "--prf-method", "rocchio"]
# Name -> index, and options beside those that all have.
RUNS = {
    **{kind: (kind, []) for kind in KINDS},
    **{f"{kind}-batch": (kind, ["--batch-size", "16"]) for kind in KINDS},
    "deep": ("Flat", ["--hits", "1000"]),
    "normalised": ("Flat", ["--normalize-distances"]),
    "removed": ("Flat", ["--remove-query", "--batch-size", "16"]),
    "passages": ("Flat", ["--max-passage", "--max-passage-hits", "20"]),
    "msmarco": ("Flat", ["--output-format", "msmarco"]),
    "feedback": ("Flat", ["--prf-depth", "3", "--prf-method", "avg"]),
    "feedback-batch": ("IVF4,Flat", ["--prf-depth", "900", "--batch-size", "16"]),
    "rocchio": ("OPQ8,PQ8", [*ROCCHIO, "--rocchio-topk", "3", "--rocchio-bottomk", "2"]),
    "rocchio-refined": ("PQ8,RFlat", ROCCHIO),
    "rocchio-batch": ("HNSW16", [*ROCCHIO, "--rocchio-alpha", "0.4", "--batch-size", "16"]),
}

# Runs that are made from shards of the same index, too.
SHARDED = ("Flat", "SQ8", "IVF4,Flat", "PQ8", "OPQ8,PQ8")
OF_SHARDS = {name: run for name, run in RUNS.items() if run[0] in SHARDED}


def write_index(folder, kind):
    """Write an index of random vectors, every one of them twice: ties must come in the same order."""
    vectors = np.random.default_rng(5).normal(size=(400, DIMENSION)).astype(np.float32)
    faiss.normalize_L2(vectors)
    index = faiss.index_factory(DIMENSION, kind, faiss.METRIC_INNER_PRODUCT)
    index.train(vectors)
    index.add(np.concatenate([vectors, vectors]))
    folder.mkdir()
    faiss.write_index(index, str(folder / "index"))
    # Some docids are those of queries, and several belong to one document.
    (folder / "docid").write_text(
        "".join(f"{1000 + row % 90}#{row}\n" if row % 2 else f"{row}\n" for row in range(800))
    )


@pytest.fixture(scope="module")
def work(tiny_encoder, tmp_path_factory):
    """A folder in which every command has run; what each answered is in results.json."""
    folder = tmp_path_factory.mktemp("in-pyserini")
    for name in ("relevance", "docs", "home"):
        (folder / name).mkdir()
    (folder / "relevance" / "ltre").symlink_to(tiny_encoder)
    texts = [" ".join(WORDS[(3 * i + j) % len(WORDS)] for j in range(6)) for i in range(30)]
    documents = [{"id": f"d{i}", "contents": text} for i, text in enumerate(texts)]
    (folder / "docs" / "docs.jsonl").write_text("\n".join(map(json.dumps, documents)))
    (folder / "topics.tsv").write_text(
        "".join(f"{i}\t{' '.join(texts[i].split()[:3])}\n" for i in range(1, 5))
    )
    (folder / "qrels.txt").write_text("".join(f"{i} 0 d{i} 1\n" for i in range(1, 5)))
    (folder / "home" / "registry.json").write_text(
        json.dumps(
            {
                "encoders": {"ltre": {"path": str(tiny_encoder)}},
                "indexes": {"toy": {"path": str(folder / "index")}},
                "topics": {"toy": {"path": str(folder / "topics.tsv")}},
                "qrels": {"toy": {"path": str(folder / "qrels.txt")}},
            }
        )
    )

    def encode(name, *encoder):
        corpus = ["input", "--corpus", "docs", "--fields", "text"]
        output = ["output", "--embeddings", name, "--to-faiss"]
        return [name, "pyserini.encode", *corpus, *output, "encoder", "--device", "cpu", *encoder]

    def search(name, *options):
        return [name, "pyserini.search.faiss", "--hits", "5", "--output", f"{name}.txt", *options]

    by_path = ["--index", "index", "--topics", "topics.tsv", "--encoder"]
    commands = [
        encode("index", "--encoder", "ltre", "--dimension", str(DIMENSION)),
        encode("index768", "--encoder", "ltre"),
        search("names", "--index", "toy", "--topics", "toy", "--encoder", "ltre"),
        search("paths", *by_path, "ltre:relevance/ltre"),
        search("class", *by_path, "relevance/ltre", "--encoder-class", "ltre"),
        search(
            "auto", *by_path, "relevance/ltre", "--encoder-class", "auto", "--pooling", "mean", "--l2-norm"
        ),
        search("unregistered", *by_path, "star"),
        search("no-index", "--index", "nowhere", "--topics", "toy", "--encoder", "ltre"),
        search("no-class", *by_path, "ltre", "--encoder-class", "bm25"),
        search("no-method", *by_path, "ltre", "--prf-depth", "3", "--prf-method", "ance-prf"),
        search("four-bits", *by_path[2:], "ltre", "--index", "IVF4,PQ8x4fs", *ROCCHIO),
        ["measure", "pyserini.eval.trec_eval", "-c", "-m", "recip_rank", "toy", "names.txt"],
    ]
    for kind in (*KINDS, "IVF4,PQ8x4fs"):
        write_index(folder / kind, kind)
    for kind in SHARDED:
        shard(IndexDirectory(folder / kind), 3, folder / f"{kind}-sharded")
    (folder / "many.tsv").write_text(
        "".join(f"{1000 + i}\t{' '.join(texts[i % 30].split()[: i % 5 + 1])}\n" for i in range(70))
    )
    theirs = ["--encoder", "relevance/ltre", "--encoder-class", "auto", "--pooling", "mean", "--l2-norm"]
    for name, (kind, options) in RUNS.items():
        flags = ["--index", kind, "--topics", "many.tsv", "--hits", "200", *options]
        commands.append(search(f"{name}-ours", *flags, "--encoder", "ltre"))
        commands.append(search(f"{name}-theirs", *flags, *theirs))
    for name, (kind, options) in OF_SHARDS.items():
        flags = ["--index", f"{kind}-sharded", "--topics", "many.tsv", "--hits", "200", *options]
        commands.append(search(f"{name}-sharded", *flags, "--encoder", "ltre"))
    learned = BiEncoder.load(tiny_encoder)
    learned.give_feedback(Feedback(IndexDirectory(folder / "Flat"), FeedbackWeights(3, 0.1, 0.0)))
    (folder / "learned").mkdir()
    learned.save(folder / "learned")
    flags = ["--index", "Flat", "--topics", "many.tsv", "--hits", "200"]
    commands.append(search("learned-feedback", *flags, "--encoder", "ltre:learned"))
    commands.append(
        search("learned-feedback-batch", *flags, "--encoder", "ltre:learned", "--batch-size", "16")
    )
    commands.append(search("rocchio-defaults", *flags, "--encoder", "ltre", *ROCCHIO[2:], "--prf-depth", "3"))
    # Last: where FAISS and torch share a library, its threads become torch's, and Pyserini's digits change.
    flags = ["--index", "Flat", "--topics", "many.tsv", "--hits", "200", "--encoder", "ltre"]
    commands.append(search("two-threads", *flags, "--threads", "2"))
    (folder / "commands.json").write_text(json.dumps(commands))
    environment = {**os.environ, "PYTHONPATH": str(REPOSITORY), "PYSERINI_LTRE_HOME": str(folder / "home")}
    environment |= {
        "OMP_NUM_THREADS": "1",
        "PYSERINI_CACHE": str(folder / "cache"),
        "PYSERINI_LTRE_DISABLE": "0",
    }
    done = subprocess.run(
        [sys.executable, "-c", PROGRAM],
        cwd=folder,
        env=environment,
        capture_output=True,
        text=True,
        timeout=300,
    )
    assert done.returncode == 0, done.stderr
    return folder


@pytest.fixture(scope="module")
def results(work):
    return json.loads((work / "results.json").read_text())


@pytest.mark.parametrize("name", ["index", "names", "paths", "class", "auto", "four-bits", "measure"])
def test_commands_end_well(results, name):
    assert results[name]["status"] == 0, results[name]["err"]


def test_run_file_is_the_same_for_names_paths_and_class(work):
    names = (work / "names.txt").read_bytes()
    assert names.count(b"\n") == 20
    assert (work / "paths.txt").read_bytes() == names
    assert (work / "class.txt").read_bytes() == names


def test_hits_are_those_of_pyserinis_own_encoder(work):
    def columns(name):
        return [line.split()[:4] for line in (work / name).read_text().splitlines()]

    assert columns("names.txt") == columns("auto.txt")


@pytest.mark.parametrize("name", RUNS)
def test_fast_way_writes_the_bytes_that_pyserini_writes(results, work, name):
    assert results[f"{name}-ours"]["status"] == results[f"{name}-theirs"]["status"] == 0
    ours = (work / f"{name}-ours.txt").read_bytes()
    assert ours.count(b"\n") > 70
    assert ours == (work / f"{name}-theirs.txt").read_bytes()


@pytest.mark.parametrize("name", OF_SHARDS)
def test_sharded_index_writes_the_bytes_of_the_index_in_one_piece(results, work, name):
    assert (work / f"{name}-sharded.txt").read_bytes() == (work / f"{name}-ours.txt").read_bytes()


def test_threads_of_faiss_change_no_byte(work):
    assert (work / "two-threads.txt").read_bytes() == (work / "Flat-ours.txt").read_bytes()


def test_feedback_that_weighs_all_alike_is_rocchios(results, work):
    def hits(name):
        return [line.split()[:4] for line in (work / f"{name}.txt").read_text().splitlines()]

    assert results["learned-feedback"]["status"] == 0, results["learned-feedback"]["err"]
    assert len(hits("learned-feedback")) == 70 * 200
    # Scores are those of vectors of another length, and the first search has other last digits.
    same = sum(map(list.__eq__, hits("learned-feedback"), hits("rocchio-defaults")))
    assert same > 0.98 * 70 * 200
    batch = (work / "learned-feedback-batch.txt").read_bytes()
    assert batch == (work / "learned-feedback.txt").read_bytes()


def test_trec_eval_finds_qrels_by_name(results):
    assert results["measure"]["out"].split()[:2] == ["recip_rank", "all"]


@pytest.mark.parametrize(
    ("name", "message"),
    [
        ("index768", f"the encoder makes {DIMENSION}; add --dimension {DIMENSION}"),
        ("unregistered", "no encoder is registered as star yet"),
        ("no-method", "--prf-method ance-prf: with this encoder, use avg or rocchio"),
        ("no-index", "nowhere is neither an index directory nor a registered index (registered: toy)"),
    ],
)
def test_bad_input_ends_with_one_line_and_writes_nothing(results, work, name, message):
    last_line = results[name]["err"].splitlines()[-1]
    assert results[name]["status"] == 2
    assert last_line.startswith("pyserini_ltre: ") and message in last_line
    assert "Traceback" not in results[name]["err"]
    assert not (work / name).exists() and not (work / f"{name}.txt").exists()


def test_choices_still_refuse_what_they_refused(results):
    assert results["no-class"]["status"] == 2
    assert "invalid choice: 'bm25'" in results["no-class"]["err"]


def test_nothing_else_has_changed(results):
    classes = results["classes"]
    for names in (classes["query"], classes["document"]):
        assert "ance" in names and not {"ltre", "star", "adore"} & set(names)
    assert classes["plain"] == "AutoQueryEncoder"
    assert classes["key"] is None


def test_program_may_name_the_encoder(results):
    assert results["classes"]["ours"] == "LtreQueryEncoder"
    assert len(results["classes"]["hits"]) == 3
    assert results["classes"]["types"] == ["list", "list"]
