"""Make Lucene indexes of vectors with Anserini's own indexers, in one Java: ``python lucene_indexes.py FOLDER``.

FOLDER has vectors.npy and docids.json; an index of each kind is written beside them. Those after Anserini's are made
with Lucene itself: what Anserini never makes, but somebody may have.
"""

import importlib.util
import json
import sys
from pathlib import Path

import numpy as np

from pyserini_ltre.plugin.java import choose_java

# To bytes: Anserini's option in Pyserini 1.6, and in 2.x.
QUANTIZED, QUANTIZED_NOW = "-quantize.int8", "-quantize.sqv"
ANSERINI = {
    "flat": ("Flat", []),
    "flat-int8": ("Flat", [QUANTIZED]),
    "hnsw": ("Hnsw", ["-M", "8", "-efC", "50"]),
    "hnsw-int8": ("Hnsw", ["-M", "8", "-efC", "50", QUANTIZED]),
    "pieces": ("Flat", ["-threads", "2"]),
}


def with_anserini(folder, autoclass):
    for kind, (indexer, options) in ANSERINI.items():
        source = ["-collection", "JsonDenseVectorCollection", "-input", str(folder / "documents")]
        made = ["-generator", "DenseVectorDocumentGenerator", "-index", str(folder / kind)]
        threads = [] if "-threads" in options else ["-threads", "1"]
        for option in (QUANTIZED, QUANTIZED_NOW):
            if not (
                folder / kind
            ).exists():  # an option that the indexer does not know is printed, and no error
                known = [option if given == QUANTIZED else given for given in options]
                autoclass(f"io.anserini.index.Index{indexer}DenseVectors").main(
                    [*source, *made, *threads, *known, "-quiet"]
                )
        assert (folder / kind).exists(), kind


def with_lucene(folder, vectors, docids, autoclass):
    def lucene(name):
        return autoclass(f"org.apache.lucene.{name}")

    similarities = lucene("index.VectorSimilarityFunction")
    fields = {name: lucene(f"document.{name}") for name in ("BinaryDocValuesField", "KnnFloatVectorField")}

    java_string = autoclass("java.lang.String")

    def document(docid, vector, similarity="DOT_PRODUCT"):
        made = lucene("document.Document")()
        if docid is not None:
            made.add(fields["BinaryDocValuesField"]("id", lucene("util.BytesRef")(java_string(docid))))
        if vector is not None:
            values = [float(value) for value in vector]
            made.add(fields["KnnFloatVectorField"]("vector", values, getattr(similarities, similarity)))
        return made

    def write(name, *batches, delete=None):
        place = autoclass("java.nio.file.Paths").get(str(folder / name))
        settings = lucene("index.IndexWriterConfig")()
        settings.setUseCompoundFile(True)
        settings.setMergePolicy(lucene("index.NoMergePolicy").INSTANCE)
        writer = lucene("index.IndexWriter")(lucene("store.FSDirectory").open(place), settings)
        for batch in batches:
            for one in batch:
                writer.addDocument(one)
            writer.commit()
        if delete is not None:
            writer.tryDeleteDocument(lucene("index.DirectoryReader").open(writer), delete)
        writer.close()

    every = [document(*one) for one in zip(docids, vectors, strict=True)]
    write("compound", every[:30], every[30:40], every[40:])
    write("deleted", every, delete=3)
    write("lacking", [*every, document("without", None)])
    write("nameless", [document(None, vectors[0])])
    write("distances", [document("a", vectors[0], "EUCLIDEAN")])
    write("texts", [document("a", None)])
    write("narrow", [document("a", vectors[0][:8])])
    write("empty")


def main(folder):
    vectors, docids = np.load(folder / "vectors.npy"), json.loads((folder / "docids.json").read_text())
    (folder / "documents").mkdir()
    lines = [
        json.dumps({"docid": docid, "vector": vector.tolist()}) + "\n"
        for docid, vector in zip(docids, vectors, strict=True)
    ]
    for number in range(2):
        (folder / "documents" / f"{number}.jsonl").write_text("".join(lines[number * 60 : (number + 1) * 60]))
    choose_java(required=True)
    import jnius_config

    (jar,) = Path(importlib.util.find_spec("pyserini").origin).parent.glob("resources/jars/anserini-*.jar")
    jnius_config.add_classpath(str(jar))
    from jnius import autoclass

    with_anserini(folder, autoclass)
    with_lucene(folder, vectors, docids, autoclass)


if __name__ == "__main__":
    main(Path(sys.argv[1]))
