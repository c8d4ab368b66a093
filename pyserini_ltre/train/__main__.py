"""Train an encoder: ``python -m pyserini_ltre.train METHOD ...``.

On the query side of an index that stays as it is (--index):
  adore     pairs weighted by what their order means for the measure, in what a full retrieval returns
  ltre      the same, every pair alike
  softmax   each relevant document against what a full retrieval returns

Without judgements, over the documents of that index (--collection), which the three above take, too:
  distil    as a teacher ranks: the encoder fused with BM25, or any run

For an encoder that is trained already:
  feedback  a query is moved toward what a first search finds, as far as judged queries say

Queries and documents together (--collection), which is encoded again afterwards:
  warmup    in-batch, random or BM25 negatives
  star      mined hard negatives and in-batch ones

METHOD --help shows the options of a method.
"""

import argparse
import sys
from typing import get_args

from pyserini_ltre.errors import exit_on_input_error
from pyserini_ltre.train.command.distil import train_unjudged
from pyserini_ltre.train.command.feedback import train_feedback
from pyserini_ltre.train.command.query_side import train_query_side
from pyserini_ltre.train.command.two_sided import train_both_sides
from pyserini_ltre.train.losses.objective import Method

QUERY_SIDE = get_args(Method)
TWO_SIDED = ("warmup", "star")
UNJUDGED = ("distil",)
FEEDBACK = ("feedback",)


@exit_on_input_error
def main(argv: list[str] | None = None) -> None:
    """Train, print what came of it, and save the encoder that was best on dev."""
    parser = argparse.ArgumentParser(
        prog="python -m pyserini_ltre.train",
        description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("method", choices=(*QUERY_SIDE, *UNJUDGED, *FEEDBACK, *TWO_SIDED), metavar="METHOD")
    argv = sys.argv[1:] if argv is None else argv
    method = parser.parse_args(argv[:1]).method
    commands = {
        **dict.fromkeys(TWO_SIDED, train_both_sides),
        **dict.fromkeys(UNJUDGED, train_unjudged),
        **dict.fromkeys(FEEDBACK, train_feedback),
    }
    commands.get(method, train_query_side)(method, argv[1:])


if __name__ == "__main__":
    main()
