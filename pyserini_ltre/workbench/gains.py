"""Which topics one run answers better than another, and by how much; the picture of it."""

from dataclasses import dataclass

from pyserini_ltre.collection import Qrels, Queries, Run
from pyserini_ltre.eval import PairedComparison, evaluate_per_query, paired_t_test

MEASURE = "nDCG@10"
# Bars and rows: more would be as thin as nothing, and slow; those that moved least are left out.
MOST = 1000
WIDTH, HEIGHT = 1000.0, 200.0


@dataclass(frozen=True)
class Topic:
    """A topic, and how well the two runs answer it."""

    qid: str
    text: str
    before: float
    after: float

    @property
    def gain(self) -> float:
        """What the second run has more."""
        return self.after - self.before


@dataclass(frozen=True)
class Gains:
    """All judged topics, the largest gain first."""

    topics: list[Topic]
    before: float
    after: float
    comparison: PairedComparison

    def order(self) -> list[str]:
        """The ids, the largest gain first."""
        return [topic.qid for topic in self.topics]

    def shown(self) -> list[Topic]:
        """Those with a bar and a row: at most `MOST`, the ones that moved most, in their order."""
        moved = sorted(self.topics, key=lambda topic: -abs(topic.gain))[:MOST]
        return sorted(moved, key=_largest_gain_first)

    def mean(self, qids: set[str]) -> tuple[int, float, float] | None:
        """Number and means of some of the topics; None if none of them is here."""
        some = [topic for topic in self.topics if topic.qid in qids]
        if not some:
            return None
        return len(some), *(sum(getattr(t, side) for t in some) / len(some) for side in ("before", "after"))


@dataclass(frozen=True)
class Bar:
    """A bar of the picture, in its units: `WIDTH` by `HEIGHT`, nothing moved in the middle."""

    topic: Topic
    x: float
    y: float
    width: float
    height: float


def find_gains(before: Run, after: Run, qrels: Qrels, topics: Queries) -> Gains:
    """Compare two runs topic by topic.

    Parameters
    ----------
    before, after : dict of str to dict of str to float
        The runs.
    qrels : dict of str to dict of str to int
        The judgements.
    topics : dict of str to str
        Texts of the topics.

    Raises
    ------
    InputError
        If no topic of a run is judged.
    """
    judged = {
        qid: of for qid, of in qrels.items() if qid in topics and any(grade > 0 for grade in of.values())
    }
    measured = [evaluate_per_query(run, judged, [MEASURE])[MEASURE] for run in (before, after)]
    found = [Topic(qid, topics[qid], measured[0][qid], measured[1][qid]) for qid in judged]
    means = [sum(of.values()) / len(of) for of in measured]
    return Gains(sorted(found, key=_largest_gain_first), means[0], means[1], paired_t_test(*measured))


def bars(gains: Gains) -> list[Bar]:
    """Draw a bar for each topic: up from the middle for a gain, down for a loss."""
    shown = gains.shown()
    width = WIDTH / max(1, len(shown))
    drawn = []
    for place, topic in enumerate(shown):
        height = abs(topic.gain) * HEIGHT / 2
        drawn.append(Bar(topic, place * width, HEIGHT / 2 - max(0.0, topic.gain) * HEIGHT / 2, width, height))
    return drawn


def _largest_gain_first(topic: Topic) -> tuple[float, str]:
    return -topic.gain, topic.qid
