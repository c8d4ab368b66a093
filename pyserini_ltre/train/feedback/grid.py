"""The settings of feedback that are tried."""

from collections.abc import Iterator
from itertools import product

from pyserini_ltre.encode.feedback import FeedbackWeights
from pyserini_ltre.errors import InputError
from pyserini_ltre.options import option, option_group


@option_group
class FeedbackGrid:
    """What is tried."""

    depths: list[int] = option("documents of the first search that count", default=[3, 5, 10])
    shares: list[float] = option(
        "of the documents in the second embedding, between 0 and 1", default=[0.05, 0.1, 0.2, 0.3, 0.4]
    )
    sharpness: list[float] = option(
        "how much more the nearer ones of the documents count: factor on cosines before a softmax; 0: all alike",
        default=[10.0, 20.0, 40.0],
    )
    reads: list[int] = option(
        "with `texts`: documents of the first search that are read beside the query", default=[3]
    )
    reading_shares: list[float] = option(
        "with `texts`: of the reading in the second embedding, between 0 and 1", default=[0.2, 0.35, 0.5]
    )
    always: bool = option(
        "keep the best setting even where dev queries do not say that it helps", default=False
    )

    def settings(self, documents: int, texts: bool = False) -> Iterator[FeedbackWeights]:
        """Every combination, for an index of so many documents; with `texts`, those that read as well.

        Raises
        ------
        InputError
            If one cannot be.
        """
        of_documents = f"1 to {documents}, as many as the index has"
        of_shares = "numbers above 0, and 1 or less"
        checks = (
            ("depths", lambda depth: 1 <= depth <= documents, of_documents),
            ("shares", lambda share: 0 < share <= 1, of_shares),
            ("sharpness", lambda factor: 0 <= factor < 1e6, "numbers from 0 to below a million"),
            ("reads", lambda depth: 1 <= depth <= documents, of_documents),
            ("reading_shares", lambda share: 0 < share <= 1, of_shares),
        )
        for name, fits, wanted in checks if texts else checks[:3]:
            wrong = [value for value in getattr(self, name) if not fits(value)]
            if wrong or not getattr(self, name):
                raise InputError(f"`{name}` {wrong[0] if wrong else 'is empty'}: choose {wanted}")
        moved = list(product(self.depths, self.shares, self.sharpness))
        for depth, share, sharpness in moved:
            yield FeedbackWeights(depth, share, sharpness)
        if not texts:
            return
        for (depth, share, sharpness), read, part in product(
            ((0, 0.0, 0.0), *moved), self.reads, self.reading_shares
        ):
            weights = FeedbackWeights(depth, share, sharpness, read, part)
            if weights.possible:
                yield weights
