"""`pyserini.search.lucene --dense` with our encoders, unmodified, in one process for all tests here."""

import json
import os
import subprocess
import sys
import types
import warnings
from importlib.metadata import version
from pathlib import Path

import faiss
import numpy as np
import pytest
from lucene_catalogue import ASK_THE_TEST, Catalogue
from pyserini_commands import RUN_COMMANDS
from small_input import WORDS

from pyserini_ltre.export.__main__ import main as export
from pyserini_ltre.index import open_directory
from pyserini_ltre.index.writing import write_index_directory
from pyserini_ltre.plugin.lucene_vectors import check_lucene_index
from pyserini_ltre.registry import lookup
from pyserini_ltre.registry.sources import location

REPOSITORY = Path(__file__).parents[2]
PROGRAM = (
    ASK_THE_TEST
    + RUN_COMMANDS
    + """
from pyserini.search.lucene import LuceneFlatDenseSearcher
query = open("topics.tsv").readline().strip().split("\\t")[1]
for name, options in {"ours": {"encoder": "ltre"}, "theirs": {}}.items():
    searcher = LuceneFlatDenseSearcher("flat", **options)
    arrays = dict(line.strip().split("\\t") for line in open("vectors.tsv"))
    hits = searcher.search(query if options else arrays["1"], 5)
    results[f"program-{name}"] = [[hit.docid, hit.score] for hit in hits]
json.dump(results, open("results.json", "w"))
"""
)
# Name -> options; each search is made with our encoder, and with the vectors that it exports.
PREBUILT = "beir-v1.0.0-nfcorpus.bge-base-en-v1.5.flat"
NAMED = {
    "registered": ["--hnsw", "--index", "toy"],
    "prebuilt": ["--flat", "--index", PREBUILT],
}
SEARCHES = {
    **NAMED,
    "flat": ["--flat", "--index", "flat"],
    "flat-int8": ["--flat", "--index", "flat-int8"],
    "hnsw": ["--hnsw", "--index", "hnsw"],
    "hnsw-int8": ["--hnsw", "--index", "hnsw-int8", "--ef-search", "200"],
    "pieces": ["--flat", "--index", "pieces"],
    "batch": ["--flat", "--index", "flat", "--batch-size", "16", "--threads", "2"],
}


@pytest.fixture(scope="module")
def work(lucene_indexes, tiny_encoder, tmp_path_factory):
    """A folder in which every command has run; what each answered is in results.json."""
    folder = tmp_path_factory.mktemp("lucene-vectors")
    for path in lucene_indexes.iterdir():
        (folder / path.name).symlink_to(path)
    (folder / "home").mkdir()
    place = location("indexes", PREBUILT, lookup("indexes", PREBUILT))
    (folder / "cache" / "indexes").mkdir(parents=True)
    (folder / "cache" / "indexes" / place.name).symlink_to(folder / "flat")
    names = {
        "encoders": {"ltre": {"path": str(tiny_encoder)}},
        "indexes": {"toy": {"path": str(folder / "hnsw")}},
    }
    (folder / "home" / "registry.json").write_text(json.dumps(names))
    topics = {number: " ".join(WORDS[3 * number : 3 * number + 1 + number % 4]) for number in range(1, 15)}
    (folder / "topics.tsv").write_text("".join(f"{number}\t{text}\n" for number, text in topics.items()))
    queries, output = str(folder / "topics.tsv"), str(folder / "vectors.tsv")
    export(["vectors", "--encoder", str(tiny_encoder), "--queries", queries, "--output", output])
    index = faiss.IndexFlatIP(32)
    index.add(np.load(folder / "vectors.npy"))
    write_index_directory(folder / "faiss", index, json.loads((folder / "docids.json").read_text()), None)

    def search(name, module, *options):
        return [name, f"pyserini.search.{module}", "--hits", "30", "--output", f"{name}.txt", *options]

    ours, theirs = ["--topics", "topics.tsv", "--encoder", "ltre"], ["--topics", "vectors.tsv"]
    commands = [search("faiss", "faiss", "--index", "faiss", "--normalize-distances", *ours)]
    for name, options in SEARCHES.items():
        commands.append(search(f"{name}-ours", "lucene", "--dense", *options, *ours))
        if name not in NAMED:
            commands.append(search(f"{name}-theirs", "lucene", "--dense", *options, *theirs))
    flat = ["--dense", "--flat", "--index"]
    commands += [
        search("path", "lucene", *flat, "flat", *ours[:3], f"ltre:{tiny_encoder}"),
        search("onnx", "lucene", *flat, "flat", *ours[:2], "--onnx-encoder", "ltre"),
        search("texts", "lucene", *flat, "texts", *ours),
        search("dense-of-faiss", "lucene", *flat, "faiss", *ours),
        search("nowhere", "lucene", *flat, "nowhere", *ours),
        search("unregistered", "lucene", *flat, "flat", *ours[:3], "star"),
        search("narrow", "lucene", *flat, "narrow", *ours),
    ]
    with Catalogue() as catalogue:
        run(PROGRAM, folder, commands, catalogue)
    return folder


def run(program, folder, commands, catalogue):
    """Run commands in a process of their own, in `folder`."""
    (folder / "commands.json").write_text(json.dumps(commands))
    environment = {**os.environ, "PYTHONPATH": str(REPOSITORY), "PYSERINI_LTRE_HOME": str(folder / "home")}
    environment |= {"OMP_NUM_THREADS": "1", "PYSERINI_CACHE": str(folder / "cache")}
    done = subprocess.run(
        [sys.executable, "-c", program],
        cwd=folder,
        env={**environment, "CATALOGUE_PORT": str(catalogue.port)},
        capture_output=True,
        text=True,
        timeout=300,
    )
    assert done.returncode == 0, done.stderr


@pytest.fixture(scope="module")
def results(work):
    return json.loads((work / "results.json").read_text())


def read(path):
    """Topic, document and score of each line."""
    lines = [line.split() for line in path.read_text().splitlines()]
    return [(topic, docid) for topic, _, docid, *_ in lines], np.array([float(line[4]) for line in lines])


@pytest.mark.parametrize("name", sorted(SEARCHES.keys() - NAMED.keys()))
def test_hits_are_those_of_the_exported_vectors(results, work, name):
    assert results[f"{name}-ours"]["status"] == 0, results[f"{name}-ours"]["err"]
    (ours, scores), (theirs, expected) = (read(work / f"{name}-{side}.txt") for side in ("ours", "theirs"))
    assert len(ours) == 14 * 30
    assert ours == theirs
    np.testing.assert_allclose(scores, expected, atol=2e-6)


def test_flat_search_is_that_of_faiss(results, work):
    assert results["faiss"]["status"] == 0, results["faiss"]["err"]
    expected = read(work / "faiss.txt")
    for name in ("flat", "pieces", "batch"):
        hits, scores = read(work / f"{name}-ours.txt")
        assert hits == expected[0]
        np.testing.assert_allclose(scores, expected[1], atol=2e-6)


def test_names_paths_and_both_flags_mean_the_same(work):
    pairs = {"path": "flat", "onnx": "flat", "registered-ours": "hnsw", "prebuilt-ours": "flat"}
    for name, same in ((name, f"{same}-ours") for name, same in pairs.items()):
        (hits, scores), (expected_hits, expected) = (read(work / f"{run}.txt") for run in (name, same))
        assert hits == expected_hits
        if version("pyserini").startswith("1."):
            assert (work / f"{name}.txt").read_bytes() == (work / f"{same}.txt").read_bytes()
        # Newer Lucenes add up in another order once Java has compiled the loop: the last digit printed differs.
        np.testing.assert_allclose(scores, expected, atol=2e-6)


def test_programs_name_the_encoder(results):
    ours, theirs = results["program-ours"], results["program-theirs"]
    assert [docid for docid, _ in ours] == [docid for docid, _ in theirs]


@pytest.mark.parametrize(
    ("name", "message"),
    [
        ("texts", "no dense vectors, only text"),
        ("dense-of-faiss", "no file segments_N"),
        ("nowhere", "nowhere is neither an index directory nor a registered index"),
        ("unregistered", "no encoder is registered as star yet"),
        ("narrow", "narrow has vectors of 8 dimensions, the encoder makes 32"),
    ],
)
def test_bad_input_ends_with_one_line_and_writes_nothing(results, work, name, message):
    assert results[name]["status"] == 2, results[name]
    last_line = results[name]["err"].splitlines()[-1]
    assert last_line.startswith("pyserini_ltre: ") and message in last_line
    assert "Traceback" not in results[name]["err"]
    assert not (work / f"{name}.txt").exists()


def test_a_catalogue_that_cannot_be_had_is_one_line(work, tmp_path):
    for name in ("home", "flat", "hnsw", "topics.tsv", "vectors.tsv"):
        (tmp_path / name).symlink_to(work / name)
    search = ["pyserini.search.lucene", "--dense", "--flat", "--index", "flat", "--hits", "3", "--topics"]
    ours = [*search, "topics.tsv", "--encoder", "ltre", "--output"]
    commands = [["first", *ours, "first.txt"], ["again", *ours, "again.txt"]]
    with Catalogue(status=503) as catalogue:
        program = ASK_THE_TEST + RUN_COMMANDS + '\njson.dump(results, open("results.json", "w"))\n'
        run(program, tmp_path, commands, catalogue)
    if not catalogue.asked:
        pytest.skip("this Pyserini opens indexes without asking for its catalogue, as 1.6 does")
    for name, result in json.loads((tmp_path / "results.json").read_text()).items():
        assert result["status"] == 2, result
        last_line = result["err"].splitlines()[-1]
        assert last_line.startswith("pyserini_ltre: flat: ") and "api.github.com" in last_line
        assert "Traceback" not in result["err"] and not (tmp_path / f"{name}.txt").exists()


def test_an_encoder_of_another_index_is_warned_of(lucene_indexes, tmp_path):
    (tmp_path / "model").mkdir()
    encoder = types.SimpleNamespace(dimension=32, encoder=types.SimpleNamespace(name=str(tmp_path / "model")))

    def warned(kind, of):
        directory = open_directory(lucene_indexes / of)
        paired = {"index": {"path": str(directory.path), "fingerprint": directory.fingerprint}}
        (tmp_path / "model" / "pyserini_ltre.json").write_text(json.dumps(paired))
        with warnings.catch_warnings(record=True) as caught:
            warnings.simplefilter("always")
            check_lucene_index(str(lucene_indexes / kind), encoder)
        return [str(warning.message) for warning in caught]

    assert warned("flat", of="flat") == warned("hnsw", of="flat") == []  # the same documents and vectors
    (warning,) = warned("compound", of="flat")
    assert "was trained for index" in warning
