"""Make queries from the documents of a collection: ``python -m pyserini_ltre.queries``.

For training without judgements (``pyserini_ltre.train distil``), which makes them by itself where none are given. The
document that each was made from is written to OUTPUT.sources, in the form of qrels.
"""

from pathlib import Path

from pyserini_ltre.collection import open_collection, read_queries, write_qrels, write_topics
from pyserini_ltre.errors import exit_on_input_error
from pyserini_ltre.options import option, option_group, parse_options
from pyserini_ltre.outputs import check_outputs
from pyserini_ltre.queries.make import QueryMaking, make_queries


@option_group
class QueriesOptions:
    """Where documents come from and queries go."""

    collection: str = option("folder (BEIR, MS MARCO), Hugging Face data set, or python-stdlib")
    output: str = option("file of queries to write: id, tab, text")
    overwrite: bool = option("replace files that are there already", default=False)
    exclude: str | None = option(
        "queries that none may be, or be nearly like: those that you will test on", default=None
    )


@exit_on_input_error
def main(argv: list[str] | None = None) -> None:
    """Make queries, and say what was left out."""
    files, making = parse_options("pyserini_ltre.queries", __doc__, (QueriesOptions, QueryMaking), argv)
    output, sources = Path(files.output), Path(f"{files.output}.sources")
    given = {**vars(files), **vars(making), "sources": sources}
    check_outputs(given, ("output", "sources"), files.overwrite)
    exclude = read_queries(files.exclude) if files.exclude else None
    made = make_queries(open_collection(files.collection), making, exclude, progress=True)
    write_topics(output, made.queries)
    write_qrels(sources, made.sources)
    print(f"{len(made.queries)} queries in {output}, their sources in {sources}")
    if made.left_out:
        print(f"{made.left_out} were test queries, or nearly so: left out")
    if made.empty:
        print(f"{made.empty} documents are empty")


if __name__ == "__main__":
    main()
