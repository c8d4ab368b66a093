"""How far two assessors agree, beyond chance, and where they do not."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import combinations

from pyserini_ltre.workbench.judgements import Judgement, Judgements


@dataclass(frozen=True)
class Agreement:
    """Two assessors, and the documents that both have judged.

    Attributes
    ----------
    first, second : str
        Who they are.
    both : int
        Pairs of topic and document that both have judged.
    equal : int
        Those that they have given the same grade.
    kappa, kappa_relevant : float or None
        Cohen's kappa of the grades, and of relevant (above 0) or not; None where chance alone would agree always.
    disagreements : list of (Judgement, Judgement)
        Those with different grades, the furthest apart first.
    """

    first: str
    second: str
    both: int
    equal: int
    kappa: float | None
    kappa_relevant: float | None
    disagreements: list[tuple[Judgement, Judgement]]


def agreements(judgements: Judgements) -> list[Agreement]:
    """Compare every two assessors who have judged something in common."""
    said = {
        name: {(judgement.qid, judgement.docid): judgement for judgement in judgements.of(name)}
        for name in judgements.assessors()
    }
    found = []
    for first, second in combinations(said, 2):
        pairs = [(said[first][key], said[second][key]) for key in said[first] if key in said[second]]
        if pairs:
            found.append(_agreement(first, second, pairs))
    return found


def _agreement(first: str, second: str, pairs: list[tuple[Judgement, Judgement]]) -> Agreement:
    grades = [(one.grade, other.grade) for one, other in pairs]
    apart = [pair for pair in pairs if pair[0].grade != pair[1].grade]
    return Agreement(
        first,
        second,
        len(pairs),
        len(pairs) - len(apart),
        cohens_kappa(grades),
        cohens_kappa([(one > 0, other > 0) for one, other in grades]),
        sorted(apart, key=lambda pair: -abs(pair[0].grade - pair[1].grade)),
    )


def cohens_kappa(pairs: Sequence[tuple[int, int]]) -> float | None:
    """Agreement beyond chance: (observed - expected) / (1 - expected), chance by how often each gives each grade.

    None if both give one and the same grade to everything, or there is nothing to compare.
    """
    if not pairs:
        return None
    total = len(pairs)
    observed = sum(one == other for one, other in pairs) / total
    firsts, seconds = Counter(one for one, _ in pairs), Counter(other for _, other in pairs)
    expected = sum(firsts[grade] * seconds[grade] for grade in firsts) / total**2
    return None if expected == 1 else (observed - expected) / (1 - expected)
