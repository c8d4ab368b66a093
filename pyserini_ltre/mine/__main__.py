"""Mine hard negatives of the training queries: ``python -m pyserini_ltre.mine``.

From a dense index (--index and --encoder), or from a run that there is already, such as BM25's (--run). What comes out
is a TREC run file without the judged-relevant documents, for ``pyserini_ltre.train star|warmup --negatives``.
"""

from transformers.utils import logging

from pyserini_ltre import registry
from pyserini_ltre.cluster import RaySearchOptions
from pyserini_ltre.collection import read_judged_queries, read_run, write_run
from pyserini_ltre.encode.encoder_options import QueryEncoderOptions
from pyserini_ltre.errors import InputError, exit_on_input_error
from pyserini_ltre.index.opening import opened_directory
from pyserini_ltre.mine.mining import DEPTH, Mined, mine_negatives, negatives_of_run
from pyserini_ltre.options import Count, option, option_group, parse_options
from pyserini_ltre.outputs import check_outputs


@option_group
class MineOptions:
    """Where negatives come from, for which queries, and where they go."""

    index: str | None = option(
        "index directory, a registered name, or the URL of a sharded index", default=None
    )
    run: str | None = option("TREC run of the training queries", default=None)
    queries: str = option("training queries: tsv (id, text) or BEIR jsonl")
    qrels: str = option("their judgements: TREC qrels or BEIR tsv")
    depth: Count = option("negatives a query", default=DEPTH)
    output: str = option("run file to write")
    overwrite: bool = option("replace a file that is there already", default=False)


@exit_on_input_error
def main(argv: list[str] | None = None) -> None:
    """Mine, and say what was left out."""
    encoder, options, cluster = parse_options(
        "pyserini_ltre.mine", __doc__, (QueryEncoderOptions, MineOptions, RaySearchOptions), argv
    )
    if options.index is not None:
        encoder = encoder.of_index(options.index)
    if (options.index is None) == (options.run is None):
        raise InputError("give either `index` with `encoder`, or `run`")
    if (options.index is None) != (encoder.encoder is None):
        raise InputError("`index` and `encoder` belong together; give both, or `run`")
    if cluster.ray is not None and options.index is None:
        raise InputError("`ray` searches an `index`; with `run`, leave it out")
    given = {**vars(encoder), **vars(options)}
    if options.index is not None:
        given["index"] = registry.find_index(options.index)
    check_outputs(given, overwrite=options.overwrite)
    mined = mine(encoder, options, cluster)
    write_run(options.output, mined.run, "negatives", decimals=None)
    total = sum(len(negatives) for negatives in mined.run.values())
    print(f"{total} negatives of {len(mined.run)} queries in {options.output}")
    if mined.removed:
        print(f"{mined.removed} judged-relevant documents were ranked among them: left out")
    if mined.fewer:
        print(f"{mined.fewer} queries have fewer than {options.depth}")


def mine(encoder: QueryEncoderOptions, options: MineOptions, cluster: RaySearchOptions) -> Mined:
    """Mine the judged ones of the queries, in an index on this machine or on a Ray cluster."""
    texts, qrels = read_judged_queries(options.queries, options.qrels)
    queries = {qid: text for qid, text in texts.items() if qid in qrels}
    if options.run is not None:
        run = read_run(options.run)
        known = {qid: run[qid] for qid in queries if qid in run}
        if not known:
            raise InputError(
                f"{options.run}: has none of the {len(queries)} queries in {options.queries}; "
                "make the run with the training queries"
            )
        return negatives_of_run(known, qrels, options.depth)
    logging.set_verbosity_error()
    logging.disable_progress_bar()
    index = registry.find_index(str(options.index))
    with opened_directory(index, cluster.ray, cluster.ray_device) as directory:
        return mine_negatives(directory, encoder.load(), queries, qrels, options.depth)


if __name__ == "__main__":
    main()
