"""Systems that are loaded in the background, one after the other, and asked when they are ready."""

import threading
import time
from collections import OrderedDict
from collections.abc import Iterable
from queue import SimpleQueue

from pyserini_ltre.collection import Queries, Run
from pyserini_ltre.errors import InputError, reason
from pyserini_ltre.run.fuse import fuse_runs
from pyserini_ltre.workbench.systems import System

WAITING, LOADING, READY, FAILED = "waiting", "loading", "ready", "failed"
# Hits that a system is asked for: what moves between columns is looked up among them, and hybrids are made of them.
DEPTH = 200
HYBRID = "hybrid:"
# Answers that are remembered.
REMEMBERED = 2000


class Systems:
    """All systems by name, and what has become of them.

    Parameters
    ----------
    systems : iterable of System
        Those that there are from the start.
    """

    def __init__(self, systems: Iterable[System]) -> None:
        self._systems: dict[str, System] = {}
        self._states: dict[str, str] = {}
        self._messages: dict[str, str] = {}
        self._answers: OrderedDict[tuple[str, str, str], dict[str, float]] = OrderedDict()
        self._wanted: SimpleQueue[str] = SimpleQueue()
        self._searching = threading.Lock()
        for system in systems:
            self.add(system)
        threading.Thread(target=self._load_wanted, daemon=True).start()

    def add(self, system: System) -> None:
        """Add a system, or put it in the place of one of the same name."""
        self._systems[system.name] = system
        self._states[system.name] = WAITING
        with self._searching:
            for key in [key for key in self._answers if key[0] == system.name]:
                del self._answers[key]

    def titles(self) -> dict[str, str]:
        """What people call each, hybrids of BM25 with the encoders included."""
        titles = {name: system.title for name, system in self._systems.items()}
        if "BM25" in titles:
            dense = [name for name in titles if name.startswith("encoder:")]
            titles |= {f"{HYBRID}{name}": f"{titles[name]} + BM25" for name in dense}
        return titles

    def get(self, name: str) -> System:
        """Give a system that is no hybrid; an `InputError` says if there is none of the name."""
        if name not in self._systems:
            raise InputError(f"no system {name}; choose one of {', '.join(self._systems)}")
        return self._systems[name]

    def want(self, *names: str) -> None:
        """Have systems loaded, unless they are."""
        for name in names:
            for part in self._parts(name):
                if self._states[part] == WAITING:
                    self._states[part] = LOADING
                    self._wanted.put(part)

    def state(self, name: str) -> tuple[str, str]:
        """Whether a system is ready, and if not, why; of a hybrid, the part that is behind."""
        found = [(self._states[part], self._messages.get(part, "")) for part in self._parts(name)]
        for state in (FAILED, LOADING, WAITING):
            if state in (one for one, _ in found):
                return next(of for of in found if of[0] == state)
        return READY, ""

    def wait(self, names: Iterable[str]) -> None:
        """Have systems loaded, and wait until they are; an `InputError` says which cannot be."""
        for name in names:
            self.want(name)
            while self.state(name)[0] not in (READY, FAILED):
                time.sleep(0.1)
            state, message = self.state(name)
            if state == FAILED:
                raise InputError(f"{self.titles()[name]}: {message}")

    def warnings(self, name: str) -> list[str]:
        """What the user should know of a system."""
        warnings = (self._systems[part].warning for part in self._parts(name))
        return [warning for warning in warnings if warning]

    def search(self, name: str, queries: Queries, weight: float, hits: int = DEPTH) -> Run:
        """Answer queries with a system that is ready.

        Parameters
        ----------
        name : str
            Of a system, or a hybrid.
        queries : dict of str to str
            Query texts by id.
        weight : float
            Of BM25, between 0 and 1, in a hybrid; the encoder has the rest, and scores are scaled to 0 to 1 before.
        hits : int
            Documents a query.
        """
        runs = [self._answered(part, queries) for part in self._parts(name)]
        if len(runs) == 1:
            return {qid: dict(list(found.items())[:hits]) for qid, found in runs[0].items()}
        return fuse_runs(runs, [1 - weight, weight], hits=hits)

    def _answered(self, name: str, queries: Queries) -> Run:
        """Answers, from memory where they are there."""
        with self._searching:
            new = {qid: text for qid, text in queries.items() if (name, qid, text) not in self._answers}
            fresh = self._systems[name].search(new, DEPTH) if new else {}
            run: Run = {}
            for qid, text in queries.items():
                hits = self._answers[name, qid, text] = (
                    fresh[qid] if qid in fresh else self._answers.get((name, qid, text), {})
                )
                run[qid] = hits
                self._answers.move_to_end((name, qid, text))
            while len(self._answers) > REMEMBERED:
                self._answers.popitem(last=False)
        return run

    def _parts(self, name: str) -> list[str]:
        parts = [name.removeprefix(HYBRID), "BM25"] if name.startswith(HYBRID) else [name]
        for part in parts:
            self.get(part)
        return parts

    def _load_wanted(self) -> None:
        while True:
            name = self._wanted.get()
            try:
                self._systems[name].load()
            except Exception as error:  # a page says so; the others go on
                self._messages[name] = str(error) if isinstance(error, InputError) else reason(error)
                self._states[name] = FAILED
            else:
                self._states[name] = READY
