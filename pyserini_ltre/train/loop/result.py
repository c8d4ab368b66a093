"""What training came to: how it is told, and how it is saved."""

import os
import platform
from contextlib import suppress
from dataclasses import asdict, dataclass
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import NamedTuple

from pyserini_ltre.collection import overlapping_queries
from pyserini_ltre.collection.judged import Judged
from pyserini_ltre.encode.model import BiEncoder
from pyserini_ltre.eval import PairedComparison, markdown_table
from pyserini_ltre.eval.pictures import draw_training
from pyserini_ltre.files import atomic_directory
from pyserini_ltre.train.development import MEASURE

HELD_OUT_FILE = "held_out_queries.txt"


class Group(NamedTuple):
    """Some of the dev queries, and their mean measure before training and after."""

    name: str
    queries: int
    before: float
    after: float

    def __str__(self) -> str:
        counted = f"{self.queries} {self.name}"
        if not self.queries:
            return f"{counted}"
        return f"{counted}: {self.before:.4f} -> {self.after:.4f} ({self.after - self.before:+.4f})"


def dev_groups(
    train: Judged, dev: Judged, before: dict[str, float], after: dict[str, float]
) -> tuple[Group, ...]:
    """Divide dev queries by whether training saw one of their relevant documents; measures are by query.

    Without judged training queries there is nothing to divide by.
    """
    if not train.qrels:
        return ()
    shared = overlapping_queries(dev.qrels, train.qrels)
    groups = (
        ("dev queries whose documents training saw", [qid for qid in before if qid in shared]),
        ("others", [qid for qid in before if qid not in shared]),
    )
    return tuple(
        Group(
            name,
            len(qids),
            *(sum(values[qid] for qid in qids) / max(1, len(qids)) for values in (before, after)),
        )
        for name, qids in groups
    )


@dataclass(frozen=True)
class TrainingResult:
    """What training came to.

    Attributes
    ----------
    encoder : BiEncoder
        The encoder to keep: the best on dev, the frozen one included.
    train, dev : Judged
        The queries used, and what had to be left out of them.
    settings : dict
        All that is needed to repeat the training: method, encoder, index, options.
    remarks : tuple of str
        What else the user should know, a line each.
    before, after : dict of str to float
        Dev measures of the frozen encoder and of the one that is kept.
    comparison : PairedComparison
        The two on dev, query by query.
    groups : tuple of Group
        Dev queries with a relevant document that training saw, and the others: the gain of these is what carries over.
    improved : bool
        False if no trained weights were better on dev: then the frozen ones are kept.
    best_step, steps : int
        Step of the weights that are kept, and the last one.
    dev_history : list of tuple of (int, float)
        Step and dev measure, step 0 first.
    loss_history : list of tuple of (int, float)
        Step and training loss.
    seconds : float
        Time of the training steps and dev measurements.
    """

    encoder: BiEncoder
    train: Judged
    dev: Judged
    settings: dict[str, object]
    remarks: tuple[str, ...]
    before: dict[str, float]
    after: dict[str, float]
    comparison: PairedComparison
    groups: tuple[Group, ...]
    improved: bool
    best_step: int
    steps: int
    dev_history: list[tuple[int, float]]
    loss_history: list[tuple[int, float]]
    seconds: float

    def record(self) -> dict[str, object]:
        """What ``pyserini_ltre.json`` records of it, beside the encoder's own settings."""
        return {
            **self.settings,
            "remarks": self.remarks,
            "queries": {"train": len(self.train.queries), "dev": len(self.dev.queries)},
            "measures": {"before": self.before, "after": self.after},
            "comparison": asdict(self.comparison),
            "groups": [group._asdict() for group in self.groups],
            "improved": self.improved,
            "best_step": self.best_step,
            "steps": self.steps,
            "seconds": self.seconds,
            "dev_history": self.dev_history,
            "loss_history": self.loss_history,
            "versions": versions(),
        }

    def save(self, directory: str | os.PathLike[str], overwrite: bool = False, **description: object) -> None:
        """Write the model directory, whole or not at all.

        It holds the encoder, what it was trained with and for (``pyserini_ltre.json``), a picture of the training,
        and the ids of queries that were held out of the training queries.

        Parameters
        ----------
        directory : path
            Where it is to stand.
        overwrite : bool
            Whether a directory that is not empty may be replaced.
        **description
            Further fields of ``pyserini_ltre.json``.
        """
        with atomic_directory(directory, overwrite) as partial:
            self.encoder.save(partial, **self.record(), **description)
            draw_training(
                partial / "training.png",
                self.dev_history,
                self.loss_history,
                f"dev {MEASURE}",
                self.best_step,
            )
            save_held_out(partial, self.dev)

    def __str__(self) -> str:
        lines = [f"{len(self.train.queries)} training queries, {len(self.dev.queries)} dev queries"]
        for name, judged in (("training", self.train), ("dev", self.dev)):
            if judged.missing_documents:
                lines.append(
                    f"{judged.missing_documents} {name} judgements name documents not in the index: left out"
                )
            if judged.skipped_queries:
                lines.append(
                    f"{judged.skipped_queries} {name} queries have no relevant document there: skipped"
                )
        if repeated := len(set(self.train.queries.values()) & set(self.dev.queries.values())):
            lines.append(f"warning: {repeated} dev queries are training queries too, so dev measures flatter")
        lines += self.remarks
        rows = [
            (f"dev {name}", f"{value:.4f}", f"{self.after[name]:.4f}", f"{self.after[name] - value:+.4f}")
            for name, value in self.before.items()
        ]
        lines += ["", markdown_table(("", "frozen", "trained", "gain"), rows), ""]
        if self.improved:
            paired = self.comparison
            which = "best at" if self.best_step < self.steps else "kept: those of"
            lines.append(
                f"{which} step {self.best_step} of {self.steps}; {MEASURE}: {paired.wins} queries better, "
                f"{paired.ties} equal, {paired.losses} worse, p = {paired.p_value:.2g} (paired t-test on dev)"
            )
            lines += [f"{MEASURE} of {group}" for group in self.groups]
        else:
            lines.append("training did not help on dev: the frozen encoder is kept")
        return "\n".join(lines)


def save_held_out(directory: Path, dev: Judged) -> None:
    """Name the dev queries in a file of the model directory, if they were held out of the training queries."""
    if dev.held_out:
        lines = "".join(f"{qid}\n" for qid in dev.queries)
        (directory / HELD_OUT_FILE).write_text(lines, encoding="utf-8")


def versions() -> dict[str, str]:
    """Versions of what the result depends on."""
    found = {"python": platform.python_version()}
    for package in ("pyserini-ltre", "torch", "transformers", "faiss-cpu"):
        with suppress(PackageNotFoundError):  # a checkout that is not installed, faiss-gpu
            found[package] = version(package)
    return found
