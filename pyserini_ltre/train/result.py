"""What training came to, and how it is told."""

from dataclasses import dataclass

from pyserini_ltre.encode.model import BiEncoder
from pyserini_ltre.eval import PairedComparison, markdown_table
from pyserini_ltre.train.data import Judged
from pyserini_ltre.train.development import MEASURE


@dataclass(frozen=True)
class TrainingResult:
    """What training came to.

    Attributes
    ----------
    encoder : BiEncoder
        The encoder to keep: the best on dev, the frozen one included.
    before, after : dict of str to float
        Dev measures of the frozen encoder and of the one that was kept.
    comparison : PairedComparison
        The two on dev, query by query.
    improved : bool
        False if no trained encoder was better on dev: then the frozen one was kept.
    best_step, steps : int
        Step of the encoder that was kept, and the last one.
    curve : list of tuple of (int, float)
        Step and dev measure, step 0 first.
    losses : list of tuple of (int, float)
        Step and training loss.
    train, dev : Judged
        The queries used, and what had to be left out of them.
    seconds : float
        Time of the training steps and dev measurements.
    """

    encoder: BiEncoder
    before: dict[str, float]
    after: dict[str, float]
    comparison: PairedComparison
    improved: bool
    best_step: int
    steps: int
    curve: list[tuple[int, float]]
    losses: list[tuple[int, float]]
    train: Judged
    dev: Judged
    seconds: float

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
        rows = [
            (f"dev {name}", f"{value:.4f}", f"{self.after[name]:.4f}", f"{self.after[name] - value:+.4f}")
            for name, value in self.before.items()
        ]
        lines += ["", markdown_table(("", "frozen", "trained", "gain"), rows), ""]
        if self.improved:
            paired = self.comparison
            lines.append(
                f"best at step {self.best_step} of {self.steps}; {MEASURE}: {paired.wins} queries better, "
                f"{paired.ties} equal, {paired.losses} worse, p = {paired.p_value:.2g} (paired t-test on dev)"
            )
        else:
            lines.append("training did not help on dev: the frozen encoder is kept")
        return "\n".join(lines)
