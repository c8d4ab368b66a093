"""Teach again: train an adapter on what was judged, keep it, and let it answer the topics."""

import copy
import threading
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from pyserini_ltre.collection import Qrels, Queries, read_qrels, write_qrels, write_run, write_topics
from pyserini_ltre.errors import DivergenceError, InputError, reason
from pyserini_ltre.json_files import write_json
from pyserini_ltre.workbench.loading import DEPTH
from pyserini_ltre.workbench.sources import Sources
from pyserini_ltre.workbench.systems import Dense
from pyserini_ltre.workbench.taught import (
    ABOUT,
    FOLDER,
    MADE,
    METHOD,
    MODEL,
    RUN,
    Taught,
    search_command,
    training_command,
)

if TYPE_CHECKING:
    from pyserini_ltre.train.data.taught import Unjudged

# With fewer judged topics, queries that nobody has judged go along.
FEW = 300


@dataclass
class Progress:
    """How far the training is that runs now, or ran last."""

    running: bool = False
    doing: str = ""
    step: int = 0
    steps: int = 0
    error: str = ""
    told: list[str] = field(default_factory=list)


class Teaching:
    """All trainings of a workbench, one at a time.

    Parameters
    ----------
    sources : Sources
        Where everything lies.
    done : callable
        Called with each encoder that was taught, and the encoder itself.
    """

    def __init__(self, sources: Sources, done: Callable[[Taught, Any], None]) -> None:
        self.sources = sources
        self.folder = sources.own / FOLDER
        self.done = done
        self.progress = Progress()
        self._unjudged: dict[str, Unjudged] = {}
        self._starting = threading.Lock()

    def all(self) -> list[Taught]:
        """What was taught so far, the oldest first; what was cut off is not among it."""
        whole = [
            folder for folder in self.folder.glob("*") if folder.name.isdigit() and (folder / ABOUT).is_file()
        ]
        return [Taught(folder) for folder in sorted(whole, key=lambda folder: int(folder.name))]

    def start(self, base: Dense, queries: Queries, qrels: Qrels, topics: Queries) -> None:
        """Begin to train, in the background.

        Parameters
        ----------
        base : Dense
            The encoder to begin with; it stays as it is.
        queries, qrels
            The judged topics, and their judgements.
        topics : dict of str to str
            What the result answers afterwards, for the page of gains and losses.

        Raises
        ------
        InputError
            If a training runs, or nothing relevant is judged.
        """
        if not any(grade > 0 for judged in qrels.values() for grade in judged.values()):
            raise InputError("nothing relevant is judged yet: judge some documents with 1 to 3 first")
        with self._starting:
            if self.progress.running:
                raise InputError("a training runs already; wait until it is done")
            self.progress = Progress(running=True, doing="begins")
        threading.Thread(target=self._teach, args=(base, queries, qrels, topics), daemon=True).start()

    def _teach(self, base: Dense, queries: Queries, qrels: Qrels, topics: Queries) -> None:
        progress = self.progress
        try:
            self._train(progress, base, queries, qrels, topics)
        except (InputError, DivergenceError) as error:
            progress.error = str(error)
        except Exception as error:  # shown on the page; the server goes on
            progress.error = reason(error)
        finally:
            progress.running = False

    def _train(
        self, progress: Progress, base: Dense, queries: Queries, qrels: Qrels, topics: Queries
    ) -> None:
        from pyserini_ltre.encode.search import search
        from pyserini_ltre.train.query_side import QuerySideTrainer
        from pyserini_ltre.workbench.watching import Watching

        number = max((taught.number for taught in self.all()), default=0) + 1
        folder = self.folder / str(number)
        folder.mkdir(parents=True, exist_ok=True)
        texts = {qid: text for qid, text in queries.items() if qid in qrels}
        write_topics(folder / "topics.tsv", texts)
        write_qrels(folder / "qrels.txt", {qid: qrels[qid] for qid in texts})
        relevant = sum(any(grade > 0 for grade in qrels[qid].values()) for qid in texts)
        few = relevant < FEW and self.sources.collection is not None
        command = training_command(self.sources, base.source, folder, few)
        # The trainer hands over the encoder that it was given, changed.
        encoder = copy.deepcopy(base.encoder)
        assert encoder is not None, "it is loaded before it is taught"
        unjudged = self._made(progress, base) if few else None
        progress.doing = "training"
        trainer = QuerySideTrainer(
            encoder, base.index.directory, METHOD, "adapter", callbacks=[Watching(progress)]
        )
        result = trainer.fit(texts, read_qrels(folder / "qrels.txt"), unjudged=unjudged)
        result.save(folder / MODEL, overwrite=True, command=command)
        progress.doing = "answers the topics"
        if topics:
            run = search(base.index.directory, result.encoder, topics, DEPTH, progress=False)
            write_run(folder / RUN, run, MODEL)
        progress.told = str(result).splitlines()
        write_json(
            folder / ABOUT,
            {
                "commands": [command, search_command(self.sources, folder)],
                "told": progress.told,
                "topics": list(texts),
            },
        )
        self.done(Taught(folder), result.encoder)

    def _made(self, progress: Progress, base: Dense) -> "Unjudged":
        """Queries that nobody has judged, and their teacher's answers: the same for all trainings of an encoder."""
        from pyserini_ltre.queries import QueryMaking
        from pyserini_ltre.train.command.stages import Stages
        from pyserini_ltre.train.command.unjudged import TeacherOptions, gather

        if base.source not in self._unjudged:
            progress.doing = "makes queries of the documents and asks the teacher, once"
            assert base.encoder is not None and self.sources.collection is not None, "they are there"
            options = TeacherOptions(
                lucene=None if self.sources.lucene is None else str(self.sources.lucene),
                exclude=None if self.sources.topics is None else str(self.sources.topics),
            )
            self._unjudged[base.source] = gather(
                options,
                QueryMaking(limit=MADE),
                self.sources.collection,
                None,
                base.index.directory,
                base.encoder,
                Stages(),
            )
        return self._unjudged[base.source]
