"""What learning feedback came to: how it is told, and how it is saved."""

import os
from dataclasses import asdict, dataclass

from pyserini_ltre.collection.judged import Judged
from pyserini_ltre.encode.feedback import FeedbackWeights
from pyserini_ltre.encode.model import BiEncoder
from pyserini_ltre.eval import PairedComparison, markdown_table
from pyserini_ltre.files import atomic_directory
from pyserini_ltre.index import IndexDirectory
from pyserini_ltre.train.feedback.choice import CHOSEN_BY
from pyserini_ltre.train.loop.result import save_held_out, versions


@dataclass(frozen=True)
class FeedbackResult:
    """What learning feedback came to.

    Attributes
    ----------
    encoder : BiEncoder
        With feedback, or, if that did not help on dev, exactly as it was.
    train, dev : Judged
        The queries that settings were tried on, and those that decided.
    index : IndexDirectory
        Where the encoder belongs.
    unseen : str
        The encoder that embedded the training queries.
    weights : FeedbackWeights
        The best setting.
    before, after : dict of str to float
        Dev measures without feedback and with it.
    comparisons : dict of str to PairedComparison
        The two on dev, query by query, by measure.
    evidence : PairedComparison
        Sums of the measures that decide, on dev and on the training queries, each with the setting that others choose.
    improved : bool
        Whether the queries say that feedback helps.
    kept : bool
        Whether the encoder has it now.
    without : dict of str to float
        Measures of the training queries without feedback.
    tried : list of tuple of (FeedbackWeights, dict)
        The same with each setting.
    """

    encoder: BiEncoder
    train: Judged
    dev: Judged
    index: IndexDirectory
    unseen: str
    weights: FeedbackWeights
    before: dict[str, float]
    after: dict[str, float]
    comparisons: dict[str, PairedComparison]
    evidence: PairedComparison
    improved: bool
    kept: bool
    without: dict[str, float]
    tried: list[tuple[FeedbackWeights, dict[str, float]]]

    def record(self) -> dict[str, object]:
        """What ``pyserini_ltre.json`` records of it, beside the encoder's own settings and the feedback."""
        return {
            "method": "feedback",
            "base_encoder": self.encoder.name,
            "unseen_encoder": self.unseen,
            "index": {"path": str(self.index.path), "fingerprint": self.index.fingerprint},
            "queries": {"train": len(self.train.queries), "dev": len(self.dev.queries)},
            "measures": {"before": self.before, "after": self.after},
            "comparison": {name: asdict(compared) for name, compared in self.comparisons.items()},
            "evidence": asdict(self.evidence),
            "improved": self.improved,
            "tried": {
                "without": self.without,
                **{str(weights): measures for weights, measures in self.tried},
            },
            "versions": versions(),
        }

    def save(self, directory: str | os.PathLike[str], overwrite: bool = False, **description: object) -> None:
        """Write the model directory, whole or not at all; parameters as for `TrainingResult.save`."""
        with atomic_directory(directory, overwrite) as partial:
            self.encoder.save(partial, **self.record(), **description)
            save_held_out(partial, self.dev)

    def __str__(self) -> str:
        lines = [
            f"{len(self.train.queries)} training queries, {len(self.dev.queries)} dev queries; training queries "
            f"embedded by {self.unseen}",
            f"{len(self.tried)} settings tried; best: {self.weights}",
            "",
        ]
        rows = [
            (
                f"dev {name}",
                f"{value:.4f}",
                f"{self.after[name]:.4f}",
                f"{self.after[name] - value:+.4f}",
                f"{self.comparisons[name].p_value:.2g}",
            )
            for name, value in self.before.items()
        ]
        lines += [markdown_table(("", "without", "feedback", "gain", "p"), rows), ""]
        evidence = self.evidence
        lines.append(
            f"{' + '.join(CHOSEN_BY)} of {evidence.queries} queries, dev and, with the setting that others choose, "
            f"training: {evidence.mean_difference:+.4f}, p = {evidence.p_value:.2g}"
        )
        if self.improved:
            lines.append("the feedback is kept")
        else:
            lines.append(
                "feedback did not help by more than chance, or not on dev: "
                + ("it is kept because you ask for it" if self.kept else "the encoder stays as it was")
            )
        return "\n".join(lines)
