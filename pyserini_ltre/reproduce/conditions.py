"""The conditions of the matrix: what is trained, and on which index."""

from dataclasses import dataclass, replace

from pyserini_ltre.errors import InputError

# What an index directory is called in the work folder, by how it is made.
FLAT, COMPRESSED, STAR = "index", "index-compressed", "index-star"
# Without judgements.
DISTIL = "distil"
# End the names of conditions with feedback, from vectors alone and from texts as well.
FEEDBACK, READING = "+feedback", "+reading"


@dataclass(frozen=True)
class Condition:
    """One row of the matrix.

    Attributes
    ----------
    name : str
        As after ``--condition``.
    title : str
        As in the report.
    index : str, optional
        Which dense index is searched; None for BM25.
    objective : str, optional
        What the query encoder is trained with; None if it is the one that made the index.
    unjudged : bool
        Whether it learns from queries that nobody has judged, alone (``distil``) or beside the judged ones.
    trainable : {"encoder", "adapter"}
        What is trained.
    feedback : str, optional
        `FEEDBACK` or `READING`, where feedback is learned for the encoder of the condition that `encoder_of` names.
    dense : Condition, optional
        The condition whose run is combined with BM25's, where it is a hybrid.
    """

    name: str
    title: str
    index: str | None = FLAT
    objective: str | None = None
    unjudged: bool = False
    trainable: str = "encoder"
    feedback: str | None = None
    dense: "Condition | None" = None

    @property
    def encoder_of(self) -> str:
        """The condition in which its encoder is trained; its own, unless feedback is added."""
        return self.name.removesuffix(self.feedback or "")

    @property
    def kind(self) -> str:
        """What of it may turn out otherwise elsewhere, which decides on the tolerance.

        ``bm25``: nothing. ``frozen``: the rounding of the vectors. ``fitted``: also the weight of BM25, or the
        codebooks of a compressed index. ``trained``: also the encoder.
        """
        if self.index is None:
            return "bm25"
        if self.objective or self.index == STAR:
            return "trained"
        return "fitted" if self.dense or self.index == COMPRESSED else "frozen"

    @property
    def needs_training_queries(self) -> bool:
        """Whether its encoder is trained on judgements, or its weight of BM25 tuned on them."""
        return self.objective != DISTIL and (self.kind == "trained" or self.dense is not None)


BM25 = Condition("bm25", "BM25", index=None)
DENSE = (
    Condition("frozen", "Frozen encoder"),
    Condition("ltre", "LTRe", objective="ltre"),
    Condition("adore", "ADORE", objective="adore"),
    Condition("adapter", "ADORE, adapter only", objective="adore", trainable="adapter"),
    Condition("distil", "Distilled, no judgements", objective=DISTIL, unjudged=True),
    Condition(
        "distil-adapter",
        "Distilled, no judgements, adapter only",
        objective=DISTIL,
        unjudged=True,
        trainable="adapter",
    ),
    Condition("adore+distil", "ADORE beside unjudged queries", objective="adore", unjudged=True),
    Condition(
        f"adore+distil{FEEDBACK}",
        "ADORE beside unjudged queries, with feedback",
        objective="adore",
        unjudged=True,
        feedback=FEEDBACK,
    ),
    Condition(
        f"adore+distil{READING}",
        "ADORE beside unjudged queries, with feedback that reads",
        objective="adore",
        unjudged=True,
        feedback=READING,
    ),
    Condition("star", "STAR, documents encoded again", STAR),
    Condition("star-adore", "ADORE on STAR's index", STAR, objective="adore"),
    Condition("frozen-compressed", "Frozen encoder, index 32 times smaller", COMPRESSED),
    Condition("compressed", "ADORE, index 32 times smaller", COMPRESSED, objective="adore"),
)
CONDITIONS = {
    condition.name: condition
    for condition in (
        BM25,
        *DENSE,
        *(
            replace(dense, name=f"{dense.name}+bm25", title=f"{dense.title} + BM25", dense=dense)
            for dense in DENSE
        ),
    )
}


def named_conditions(names: list[str]) -> list[Condition]:
    """Find conditions by name; an `InputError` if one is unknown."""
    for name in names:
        if name not in CONDITIONS:
            raise InputError(f"`condition` {name}: there are: {', '.join(CONDITIONS)}")
    return [CONDITIONS[name] for name in names]
