"""What training came to, and how it is told."""

from dataclasses import asdict, dataclass

from pyserini_ltre.encode.model import BiEncoder
from pyserini_ltre.eval import markdown_table
from pyserini_ltre.train.course import Course
from pyserini_ltre.train.data import Judged
from pyserini_ltre.train.development import MEASURE


@dataclass(frozen=True)
class TrainingResult(Course):
    """What training came to: its course, and the attributes below.

    Attributes
    ----------
    encoder : BiEncoder
        The encoder to keep: the best on dev, the frozen one included.
    train, dev : Judged
        The queries used, and what had to be left out of them.
    remarks : tuple of str
        What else the user should know, a line each.
    """

    encoder: BiEncoder
    train: Judged
    dev: Judged
    remarks: tuple[str, ...] = ()

    def record(self) -> dict[str, object]:
        """What ``pyserini_ltre.json`` tells of it."""
        return {
            "queries": {"train": len(self.train.queries), "dev": len(self.dev.queries)},
            "measures": {"before": self.before, "after": self.after},
            "comparison": asdict(self.comparison),
            "improved": self.improved,
            "best_step": self.best_step,
            "steps": self.steps,
            "seconds": self.seconds,
            "curve": self.curve,
            "losses": self.losses,
        }

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
            lines.append(
                f"best at step {self.best_step} of {self.steps}; {MEASURE}: {paired.wins} queries better, "
                f"{paired.ties} equal, {paired.losses} worse, p = {paired.p_value:.2g} (paired t-test on dev)"
            )
        else:
            lines.append("training did not help on dev: the frozen encoder is kept")
        return "\n".join(lines)
