"""Which weights a training keeps, and when those before training."""

from typing import Literal

from pyserini_ltre.eval import paired_t_test

Selection = Literal["best", "last"]
"""``best``: those that are best on dev, the first ones included. ``last``: the last ones, unless they are worse."""

# Without judgements, dev are made queries, and relevant is the document that each was made from. How well these are
# found says little about how much an encoder has gained: they share their words. That they are lost says that
# something is wrong: a shuffled teacher cost 0.03 and more, no sensible one over 0.011 (docs/unjudged.md).
TOLERANCE = 0.015
SIGNIFICANCE = 0.05

Values = dict[str, float]


def is_kept(selection: Selection, before: Values, after: Values) -> bool:
    """Whether trained weights are kept, by a measure of each dev query before training and with these weights."""
    if selection == "best":
        return sum(after.values()) > sum(before.values())
    compared = paired_t_test(before, after)
    return compared.mean_difference > -TOLERANCE or compared.p_value > SIGNIFICANCE


def why_not(selection: Selection, before: Values, after: Values) -> tuple[str, ...]:
    """What is to be said where trained weights are not kept, beside that."""
    if selection == "best":
        return ()
    found = [sum(values.values()) / len(values) for values in (before, after)]
    return (
        f"made queries found their documents worse after training: {found[0]:.4f} -> {found[1]:.4f}; whoever taught "
        "is not to be trusted",
    )
