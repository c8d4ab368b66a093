"""Write a collection as Pyserini and trec_eval read it: ``python -m pyserini_ltre.workflow.export``.

In the folder: ``corpus/`` (a JsonCollection), and of train, dev and test ``topics.SPLIT.tsv``, the same for Pyserini's
searches in ``topics.SPLIT.json``, and ``qrels.SPLIT.txt``.
"""

import argparse
from pathlib import Path

from pyserini_ltre.collection import (
    Collection,
    Qrels,
    Queries,
    open_collection,
    write_json_collection,
    write_qrels,
    write_topics,
)
from pyserini_ltre.collection.held_out import hold_out
from pyserini_ltre.collection.judged import judged_queries
from pyserini_ltre.errors import exit_on_input_error, visible
from pyserini_ltre.files import atomic_directory
from pyserini_ltre.outputs import check_outputs

MOST_HELD_OUT = 1000


def export(collection: Collection, directory: Path, test: str = "test") -> dict[str, int]:
    """Write documents, queries and judgements into an existing folder.

    Parameters
    ----------
    collection : Collection
        What to write.
    directory : Path
        The folder.
    test : str
        The split that is written as ``test``. Without a split ``dev`` beside it, a tenth of the training queries (at
        most 1000) is held out and written as ``dev``: the queries that training would hold out by itself.

    Returns
    -------
    dict of str to int
        Split -> number of queries.
    """
    splits = {"test": (collection.queries(test), collection.qrels(test))}
    if "train" in collection.splits:
        train = collection.queries("train"), collection.qrels("train")
        if "dev" in collection.splits and not test.startswith("dev"):
            splits |= {"train": train, "dev": (collection.queries("dev"), collection.qrels("dev"))}
        else:
            splits |= _held_out(collection, *train)
    write_json_collection(collection.documents(), directory / "corpus")
    for split, (queries, qrels) in splits.items():
        for form in ("tsv", "json"):
            write_topics(directory / f"topics.{split}.{form}", queries)
        write_qrels(directory / f"qrels.{split}.txt", qrels)
    return {split: len(queries) for split, (queries, _) in splits.items()}


def _held_out(collection: Collection, queries: Queries, qrels: Qrels) -> dict[str, tuple[Queries, Qrels]]:
    rows = {document.docid: row for row, document in enumerate(collection.documents())}
    train, dev = hold_out(judged_queries(queries, qrels, rows, "train"))
    kept = list(dev.queries)[:MOST_HELD_OUT]
    return {
        "train": (train.queries, train.qrels),
        "dev": ({qid: dev.queries[qid] for qid in kept}, {qid: dev.qrels[qid] for qid in kept}),
    }


@exit_on_input_error
def main(argv: list[str] | None = None) -> None:
    """Export a collection and print how many queries each split has."""
    parser = argparse.ArgumentParser(
        prog="python -m pyserini_ltre.workflow.export", description="Write a collection as Pyserini reads it."
    )
    parser.add_argument(
        "--collection", required=True, help="folder (BEIR, MS MARCO), Hugging Face data set, python-stdlib"
    )
    parser.add_argument("--output", required=True, help="folder to write")
    parser.add_argument("--test", default="test", help="split to test on (default: test)")
    arguments = parser.parse_args(argv)
    check_outputs(vars(arguments))
    with atomic_directory(arguments.output) as directory:
        counts = export(open_collection(arguments.collection), directory, arguments.test)
    told = ", ".join(f"{count} {split} queries" for split, count in counts.items())
    print(visible(f"{told} in {arguments.output}"))


if __name__ == "__main__":
    main()
