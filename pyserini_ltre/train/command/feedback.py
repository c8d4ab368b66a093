"""The command line of feedback: ``python -m pyserini_ltre.train feedback``.

A query is embedded, the index searched, and the embedding moved toward what was found, with `texts` also toward how the
query reads together with it; Pyserini searches with that. How far, and toward how many documents, is tried on the
training queries. Feedback is kept if it helps. Without judged queries, three documents are read, for a share of 0.35.
"""

from dataclasses import replace
from typing import Literal

from pyserini_ltre import registry
from pyserini_ltre.collection import open_collection
from pyserini_ltre.collection.judged import judged_queries
from pyserini_ltre.encode.encoder_options import QueryEncoderOptions
from pyserini_ltre.encode.feedback.passages import Passages
from pyserini_ltre.encode.model import BiEncoder
from pyserini_ltre.encode.recognising import OURS
from pyserini_ltre.errors import InputError, remark
from pyserini_ltre.files import expanded
from pyserini_ltre.index import IndexDirectory, open_directory
from pyserini_ltre.index.lucene.segments import is_lucene
from pyserini_ltre.json_files import json_field, read_json
from pyserini_ltre.options import option, option_group, parse_options
from pyserini_ltre.train.command.arguments import DevOptions, JudgedOptions, SavingOptions
from pyserini_ltre.train.command.save import prepare, read_judged, tell, tell_saved, this_command
from pyserini_ltre.train.data.lucene_texts import LuceneTexts
from pyserini_ltre.train.feedback import FeedbackGrid, FeedbackTrainer
from pyserini_ltre.train.feedback.unjudged import SETTING, save_with_reading

# Trainings that see no judgement.
WITHOUT_JUDGEMENTS = ("distil",)


@option_group
class FeedbackOptions:
    """Where the first search takes place, and who embeds the training queries."""

    index: str = option("index directory, or a registered name")
    unseen: str | None = option(
        "encoder that was not trained on the training queries, to embed them (None: the one that the encoder was "
        "trained from, as its directory says)",
        default=None,
    )
    texts: str | None = option(
        "the documents, to be read beside the query too: folder (BEIR, MS MARCO), Hugging Face data set, "
        "python-stdlib, or a Lucene index that stores them (None: feedback from vectors alone)",
        default=None,
    )
    search_backend: Literal["exact", "exact-bf16", "faiss"] | None = option(
        "exact search in torch or FAISS's own while learning (None: exact for a flat index)", default=None
    )


@option_group
class PerhapsJudgedOptions(DevOptions):
    """Queries and their judgements, if there are any."""

    queries: str | None = option(
        "training queries: tsv (id, text) or BEIR jsonl (None: nothing is chosen; with `texts`, three documents are "
        "read)",
        default=None,
    )
    qrels: str | None = option("their judgements: TREC qrels or BEIR tsv", default=None)


GROUPS = (QueryEncoderOptions, FeedbackOptions, PerhapsJudgedOptions, FeedbackGrid, SavingOptions)


def train_feedback(method: str, argv: list[str]) -> None:
    """Learn feedback for an encoder."""
    groups = parse_options(f"pyserini_ltre.train {method}", __doc__, GROUPS, argv)
    encoder_options, where, files, grid, output = groups
    encoder_options = encoder_options.of_index(where.index)
    prepare(files, output, encoder_options, where)
    _check_combinations(where, files, grid)
    read = None
    if files.queries is not None and files.qrels is not None:
        read = read_judged(JudgedOptions(**vars(files)))
    index = open_directory(registry.find_index(where.index))
    # Before anything slow.
    list(grid.settings(len(index.docids), where.texts is not None))
    judged = None if read is None else judged_queries(*read[0], index.row_of, str(files.qrels))
    dev = (
        None
        if read is None or read[1] is None
        else judged_queries(*read[1], index.row_of, str(files.dev_qrels))
    )
    encoder = encoder_options.load()
    passages = None if where.texts is None else _passages(where.texts, index, encoder)
    directory = expanded(output.output).absolute()
    if judged is None:
        assert passages is not None
        save_with_reading(encoder, index, passages, directory, output.overwrite, command=this_command())
        print(f"{SETTING}; no judgements are given that it could be chosen, or measured, on")
        tell_saved(output)
        return
    unseen = _unseen(encoder, encoder_options, where.unseen)
    trainer = FeedbackTrainer(encoder, index, grid, unseen, where.search_backend, passages)
    result = trainer.fit(judged, dev)
    result.save(directory, output.overwrite, command=this_command())
    tell(result, output)


def _check_combinations(where: FeedbackOptions, files: PerhapsJudgedOptions, grid: FeedbackGrid) -> None:
    """Refuse options that do not go together before anything is read."""
    if (files.queries is None) != (files.qrels is None):
        raise InputError("`queries` and `qrels` belong together; give both, or neither")
    if files.queries is not None:
        return
    if where.texts is None:
        raise InputError(
            "without judged queries, documents have to be read: give `texts`, or `queries` and `qrels`"
        )
    if files.dev_queries is not None or where.unseen is not None or grid != FeedbackGrid():
        raise InputError(
            "without `queries` and `qrels` there is nothing to choose; leave the grid, `unseen` and dev queries out"
        )


def _passages(texts: str, index: IndexDirectory, encoder: BiEncoder) -> Passages:
    collection = LuceneTexts(texts) if is_lucene(expanded(texts)) else open_collection(texts)
    return Passages.of_collection(collection, index, encoder.tokenizer, encoder.settings.document_form)


def _unseen(encoder: BiEncoder, options: QueryEncoderOptions, given: str | None) -> BiEncoder | None:
    """The encoder that embeds the training queries: given, or the one that another was trained from."""
    if given is None:
        file = expanded(encoder.name) / OURS
        told = read_json(file)
        base = json_field(told, "base_encoder", str, file)
        if base is None or json_field(told, "method", str, file) in WITHOUT_JUDGEMENTS:
            return None
        remark(f"training queries are embedded by {base}, which {encoder.name} was trained from")
        given = base
    try:
        return replace(options, encoder=given).load()
    except InputError as error:
        raise InputError(
            f"{error}; name with `unseen` an encoder that was not trained on these queries"
        ) from None
