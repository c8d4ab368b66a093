"""The commands that a condition takes, in their order."""

from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

from pyserini_ltre.reproduce.collections import Source
from pyserini_ltre.reproduce.conditions import BM25, COMPRESSED, DISTIL, FLAT, READING, STAR, Condition

HITS = "200"
TIMES_SMALLER = 32
# Of BM25, where there are no judgements to choose it by: as in the teacher.
BM25_WEIGHT = 0.3
Words = tuple[str | Path, ...]


class Step(NamedTuple):
    """One command of the matrix.

    Attributes
    ----------
    collection : str
        The collection in whose folder its output lies.
    name : str
        What it does, unique in that folder.
    words : tuple of (str or Path)
        Module and arguments.
    output : Path
        What it writes.
    """

    collection: str
    name: str
    words: Words
    output: Path


class Plan:
    """Knows where everything is put, and so what the commands are.

    Parameters
    ----------
    work, encoder : Path
        The work folder, and the directory of the encoder to start from.
    dimension : int
        Size of its embeddings.
    """

    def __init__(self, work: Path, encoder: Path, dimension: int) -> None:
        self.work = work
        self.encoder = encoder
        # A product quantiser with a byte for every eight dimensions of four bytes each.
        code = dimension * 4 // TIMES_SMALLER
        self.factory = f"OPQ{code},PQ{code}"

    def folder(self, source: Source) -> Path:
        """Where everything of a collection lies."""
        return self.work / source.name

    def run_file(self, condition: Condition, source: Source, split: str = "test") -> Path:
        """The run file of a condition."""
        return self.folder(source) / "runs" / f"{condition.name}.{split}.txt"

    def weights_file(self, condition: Condition, source: Source) -> Path:
        """The weights of a hybrid's test run, by run file."""
        return self.run_file(condition, source).with_suffix(".weights.json")

    def qrels(self, source: Source, split: str = "test") -> Path:
        """The judgements of a split."""
        return self.folder(source) / "collection" / f"qrels.{split}.txt"

    def topics(self, source: Source, split: str = "test") -> Path:
        """The queries of a split."""
        return self.folder(source) / "collection" / f"topics.{split}.tsv"

    def steps(self, condition: Condition, source: Source) -> list[Step]:
        """List the commands of a condition, each once, those for what it needs first."""
        dense = condition.dense
        steps = self._hybrid(condition, dense, source) if dense else self._run(condition, source)
        return list(dict.fromkeys(steps))

    def _run(self, condition: Condition, source: Source, split: str = "test") -> Iterator[Step]:
        yield self._export(source)
        if condition.index is None:
            yield from self._bm25_index(source)
            words: Words = ("pyserini.search.lucene", "--bm25", "--index", self.folder(source) / "bm25-index")
        else:
            yield from self._index(condition.index, source)
            if condition.objective:
                trained_on = self._trained_on(condition, source)
                yield from self._training(condition, condition.index, condition.objective, trained_on)
            if self._has_feedback(condition, source):
                yield self._feedback(condition, condition.index, source)
            index = self.folder(source) / condition.index
            model = self._model(condition, condition.index, source)
            words = ("pyserini.search.faiss", "--encoder", f"ltre:{model}", "--index", index)
        output = self.run_file(condition, source, split)
        topics = self.topics(source, split).with_suffix(".json")
        words = (*words, "--topics", topics, "--output", output, "--hits", HITS)
        yield Step(source.name, f"search {condition.name} {split}", words, output)

    def _hybrid(self, condition: Condition, dense: Condition, source: Source) -> Iterator[Step]:
        parts, trained_on = (dense, BM25), self._trained_on(condition, source)
        output = self.run_file(condition, source)
        words: Words = ("pyserini_ltre.run", "fuse", "--method", "interpolation", "--normalise", "min-max")
        words = (*words, "--runs", *(self.run_file(part, source) for part in parts))
        for part in parts:
            yield from self._run(part, source)
            if condition.objective != DISTIL:
                yield from self._run(part, trained_on, "dev")
        if condition.objective == DISTIL:
            words = (*words, "--weights", f"{self.run_file(BM25, source).name}={BM25_WEIGHT}")
        else:
            words = (
                *words,
                "--tune",
                "--dev-runs",
                *(self.run_file(part, trained_on, "dev") for part in parts),
            )
            words = (*words, "--qrels", self.qrels(trained_on, "dev"))
        words = (*words, "--hits", HITS, "--output", output)
        words = (*words, "--weights-output", self.weights_file(condition, source))
        yield Step(source.name, f"combine {condition.name}", words, output)

    def _export(self, source: Source) -> Step:
        output = self.folder(source) / "collection"
        words: Words = ("pyserini_ltre.workflow.export", "--collection", source.location, "--output", output)
        if source.known.test != "test":
            words = (*words, "--test", source.known.test)
        return Step(source.name, "export", words, output)

    def _bm25_index(self, source: Source) -> Iterator[Step]:
        folder = self.folder(source)
        words: Words = ("pyserini.index.lucene", "--collection", "JsonCollection")
        words = (*words, "--input", folder / "collection" / "corpus", "--index", folder / "bm25-index")
        yield Step(source.name, "index for BM25", (*words, "--threads", "2"), folder / "bm25-index")

    def _index(self, index: str, source: Source) -> Iterator[Step]:
        output = self.folder(source) / index
        if index == COMPRESSED:
            yield from self._index(FLAT, source)
            words: Words = ("pyserini_ltre.index", "compress", "--index", self.folder(source) / FLAT)
            words = (*words, "--factory", self.factory, "--output", output)
            yield Step(source.name, "compress the index", words, output)
            return
        encoder = self.encoder
        if index == STAR:
            trained_on = source.trained_on or source
            yield from self._star(trained_on)
            encoder = self.folder(trained_on) / "models" / "star"
        words = ("pyserini_ltre.encode", "--collection", source.location, "--encoder", encoder)
        yield Step(
            source.name, f"encode {index}", (*words, "--output", output, "--precision", "auto"), output
        )

    def _training(self, condition: Condition, index: str, objective: str, source: Source) -> Iterator[Step]:
        yield self._export(source)
        yield from self._index(index, source)
        output = self._trained(condition, source)
        words: Words = ("pyserini_ltre.train", objective, "--trainable", condition.trainable)
        words = (
            *words,
            "--index",
            self.folder(source) / index,
            "--encoder",
            self._index_encoder(index, source),
        )
        if condition.unjudged:
            yield from self._bm25_index(source)
            words = (*words, "--collection", source.location, "--exclude", self.topics(source))
            words = (*words, "--lucene", self.folder(source) / "bm25-index")
        if objective != DISTIL:
            words = (*words, *self._judged(source))
        yield Step(source.name, f"train {output.name}", (*words, "--output", output), output)

    def _feedback(self, condition: Condition, index: str, source: Source) -> Step:
        output = self._model(condition, index, source)
        words: Words = ("pyserini_ltre.train", "feedback", "--index", self.folder(source) / index)
        words = (*words, "--encoder", self._trained(condition, source), *self._judged(source))
        if condition.feedback == READING:
            words = (*words, "--texts", source.location)
        return Step(source.name, f"train {output.name}", (*words, "--output", output), output)

    def _star(self, source: Source) -> Iterator[Step]:
        yield self._export(source)
        yield from self._index(FLAT, source)
        models = self.folder(source) / "models"
        negatives = models / "star-negatives.txt"
        judged = self._judged(source)
        words: Words = ("pyserini_ltre.mine", "--index", self.folder(source) / FLAT)
        words = (*words, "--encoder", self.encoder, *judged[:4], "--output", negatives)
        yield Step(source.name, "mine for star", words, negatives)
        words = ("pyserini_ltre.train", "star", "--collection", source.location, "--encoder", self.encoder)
        words = (*words, *judged, "--negatives", negatives, "--output", models / "star")
        yield Step(source.name, "train star", words, models / "star")

    def _judged(self, source: Source) -> Words:
        train = ("--queries", self.topics(source, "train"), "--qrels", self.qrels(source, "train"))
        return *train, "--dev-queries", self.topics(source, "dev"), "--dev-qrels", self.qrels(source, "dev")

    def _index_encoder(self, index: str, source: Source) -> Path:
        return self.folder(source.trained_on or source) / "models" / "star" if index == STAR else self.encoder

    def _model(self, condition: Condition, index: str, source: Source) -> Path:
        if not condition.objective:
            return self._index_encoder(index, source)
        if self._has_feedback(condition, source):
            return self.folder(source) / "models" / condition.name
        return self._trained(condition, self._trained_on(condition, source))

    def _trained(self, condition: Condition, source: Source) -> Path:
        return self.folder(source) / "models" / condition.encoder_of

    def _has_feedback(self, condition: Condition, source: Source) -> bool:
        """Feedback belongs to an index, and is learned on its judged queries: it cannot be transferred."""
        return condition.feedback is not None and source.trained_on is None

    def _trained_on(self, condition: Condition, source: Source) -> Source:
        """The collection whose queries and documents teach: its own documents, where no judgements are needed."""
        return source if condition.objective == DISTIL else source.trained_on or source
