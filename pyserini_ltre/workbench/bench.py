"""All that the pages share: what there is to search, the topics, the texts, the judgements."""

import threading
from collections.abc import Callable
from typing import TYPE_CHECKING

from pyserini_ltre.collection import Qrels, Queries, Run
from pyserini_ltre.errors import InputError, reason
from pyserini_ltre.workbench.database import Database
from pyserini_ltre.workbench.judgements import Judgement, Judgements
from pyserini_ltre.workbench.loading import Systems
from pyserini_ltre.workbench.pools import Pools
from pyserini_ltre.workbench.sources import Sources
from pyserini_ltre.workbench.systems import Bm25, Dense, OpenedIndex, RunFile, System
from pyserini_ltre.workbench.taught import RUN as TAUGHT_RUN
from pyserini_ltre.workbench.taught import Taught
from pyserini_ltre.workbench.teaching import Teaching
from pyserini_ltre.workbench.texts import Texts

if TYPE_CHECKING:
    from pyserini_ltre.encode.model import BiEncoder

ENCODER, RUN = "encoder:", "run:"
FROZEN = "frozen"
# Seconds in which a browser has asked for the first page.
PATIENCE = 1.0


class Workbench:
    """What the pages are made of.

    Parameters
    ----------
    sources : Sources
        What the folder and the options name.

    Raises
    ------
    InputError
        If topics or judgements cannot be read, or those made here are of another collection, or open elsewhere.
    """

    def __init__(self, sources: Sources) -> None:
        self.sources = sources
        self.topics = sources.read_topics()
        self.qrels = sources.read_qrels()
        self.database = Database(sources.own, sources.fingerprint())
        self.judgements = Judgements(self.database)
        self.pools = Pools(self.database)
        self.index = OpenedIndex(sources.index)
        self.systems = Systems(self._systems())
        self.teaching = Teaching(sources, self._add_taught)
        for taught in self.teaching.all():
            self._add_taught(taught)
        self.texts: Texts | None = None
        self.notes: list[str] = []
        if not sources.encoder:
            self.notes.append(
                f"{sources.index} does not say which encoder made it: start again with --encoder to see it frozen"
            )
        if sources.collection is None:
            self.notes.append(
                "documents are shown by their ids: start again with --collection to see their texts"
            )

    def start(self) -> None:
        """Load, in the background, what is most likely to be asked for, and the texts first."""
        # What is imported there would be in the way of the first page.
        timer = threading.Timer(PATIENCE, self._prepare)
        timer.daemon = True
        timer.start()

    def default_columns(self) -> list[str]:
        """The columns of somebody who has chosen none."""
        names = self.systems.titles()
        newest = self.taught_names()[-1:]
        liked = [f"{ENCODER}{FROZEN}", *newest, f"{ENCODER}trained", "BM25", f"hybrid:{ENCODER}trained"]
        found = [name for name in liked if name in names] or list(names)
        return found[:4]

    def all_topics(self) -> Queries:
        """Texts of the topics of the file, and of what was typed and judged."""
        return self.judgements.topics() | self.topics

    def own(self, assessor: str | None, qid: str) -> dict[str, Judgement]:
        """What an assessor says of a topic's documents; nothing without an assessor."""
        said = [] if assessor is None else self.judgements.of(assessor)
        return {judgement.docid: judgement for judgement in said if judgement.qid == qid}

    def runs(self) -> dict[str, str]:
        """The run files: name and title."""
        return {name: title for name, title in self.systems.titles().items() if name.startswith(RUN)}

    def run(self, name: str) -> Run:
        """All that a run file holds, once it is loaded."""
        system = self.systems.get(name)
        assert isinstance(system, RunFile), "only run files are called so"
        return system.run

    def taught_on(self, runs: list[str]) -> set[str]:
        """The topics whose judgements taught the encoders of some runs."""
        found: set[str] = set()
        return found.union(*(one.topics for one in self.teaching.all() if f"{RUN}{one.title}" in runs))

    def taught_names(self) -> list[str]:
        """The systems that were taught here, the newest last."""
        return [f"{ENCODER}{one.title}" for one in self.teaching.all()]

    def _add_taught(self, taught: Taught, encoder: "BiEncoder | None" = None) -> None:
        """Put an encoder that was taught among the systems, and its run file."""
        name, title = f"{ENCODER}{taught.title}", taught.title
        if encoder is not None:
            for older in self.teaching.all():
                if older.number != taught.number:
                    self.systems.get(f"{ENCODER}{older.title}").title = older.title
            title = f"just trained ({title})"
        self.systems.add(Dense(name, title, self.index, f"ltre:{taught.model}", encoder))
        if (taught.folder / TAUGHT_RUN).is_file():
            title = f"{taught.title} (run file)"
            self.systems.add(RunFile(f"{RUN}{taught.title}", title, taught.folder / TAUGHT_RUN))
        if encoder is not None:
            self.systems.want(name)

    def _systems(self) -> list[System]:
        sources = self.sources
        encoders = {FROZEN: sources.encoder} if sources.encoder else {}
        systems: list[System] = [
            Dense(f"{ENCODER}{title}", title, self.index, source)
            for title, source in (encoders | sources.encoders).items()
        ]
        if sources.lucene is not None:
            systems.append(Bm25(sources.lucene))
        systems += [
            RunFile(f"{RUN}{title}", f"{title} (run file)", file) for title, file in sources.runs.items()
        ]
        return systems

    def _prepare(self) -> None:
        self.systems.want(*self.default_columns())
        if self.sources.collection is not None:
            self._try(self._prepare_texts)
        self.systems.want(*self.runs())
        self._try(self._compare_qrels)

    def _prepare_texts(self) -> None:
        assert self.sources.collection is not None
        texts = Texts(self.sources.own / "texts", self.sources.collection)
        texts.prepare()
        self.texts = texts

    def _compare_qrels(self) -> None:
        unknown = self.unknown_documents(self.qrels)
        if unknown:
            self.notes.append(f"{self.sources.qrels}: {counted(unknown)}")

    def unknown_documents(self, qrels: Qrels) -> list[str]:
        """Documents of judgements that the index lacks."""
        rows = self.index.directory.row_of
        return sorted({docid for judged in qrels.values() for docid in judged if docid not in rows})

    def _try(self, step: Callable[[], None]) -> None:
        """Do what the page can do without, and tell what went wrong."""
        try:
            step()
        except InputError as error:
            self.notes.append(str(error))
        except Exception as error:
            self.notes.append(reason(error))


def counted(unknown: list[str]) -> str:
    """Say how many judged documents the index lacks."""
    return (
        f"{len(unknown)} of the judged documents, {unknown[0]} first, are not in the index: check that the judgements "
        "are of this collection"
    )
