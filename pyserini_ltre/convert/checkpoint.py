"""A published RobertaDot checkpoint becomes a model directory that says how it is to be fed."""

import os

from pyserini_ltre.encode.model import BiEncoder
from pyserini_ltre.encode.robertadot import is_robertadot
from pyserini_ltre.encode.tokenisation import star_tokenizer, star_tokenizer_of
from pyserini_ltre.errors import InputError
from pyserini_ltre.files import atomic_directory, expanded

QUERY_LENGTH = 32
# Tokens of a document, and the form of its text, for each task of MS MARCO.
TASKS = {"passage": (256, "plain"), "document": (512, "star")}


def convert_checkpoint(
    source: str | os.PathLike[str],
    output: str | os.PathLike[str],
    task: str = "passage",
    byte_pairs: tuple[str, str] | None = None,
    allow_partial: bool = False,
    overwrite: bool = False,
) -> BiEncoder:
    """Write a model directory with the weights of a checkpoint, STAR tokenisation, and the lengths of its task.

    Parameters
    ----------
    source : path
        Directory with ``config.json`` and the weights of a RobertaDot.
    output : path
        The directory to write.
    task : {"passage", "document"}
        Queries are cut at 32 tokens, passages at 256, documents at 512 (``url<sep>title<sep>text``).
    byte_pairs : (str, str), optional
        ``vocab.json`` and ``merges.txt`` of roberta-base; by default those of `source`.
    allow_partial : bool
        Whether weights may be missing or too many.
    overwrite : bool
        Whether a directory that is not empty may be replaced.

    Returns
    -------
    BiEncoder
        The encoder that was written.

    Raises
    ------
    InputError
        If it is no RobertaDot, has no byte pairs, or its weights do not fit.
    """
    directory = expanded(source)
    if not (directory / "config.json").is_file():
        raise InputError(f"{source}: no config.json; name the directory of a checkpoint")
    tokenizer = star_tokenizer(*byte_pairs) if byte_pairs else star_tokenizer_of(directory)
    if tokenizer is None:
        raise InputError(f"{source}: no byte pairs; add `vocab` and `merges`, the files of roberta-base")
    if not is_robertadot(directory):
        raise InputError(
            f"{source}: not a RobertaDot (ANCE, STAR, ADORE, JPQ); any other model is used as it is"
        )
    encoder = BiEncoder.load(directory, allow_partial=allow_partial, tokenizer=tokenizer)
    tokens, last = encoder.backbone.config.vocab_size, max(tokenizer.get_vocab().values())
    if last >= tokens:
        raise InputError(
            f"{source}: {tokens} token embeddings, but a token has number {last}; name the byte pairs that belong to it"
        )
    length, form = TASKS[task]
    settings = encoder.settings
    encoder.update_settings(
        tokenisation="star",
        document_form=form,
        # A model with fewer positions keeps its limit.
        query_max_length=min(QUERY_LENGTH, settings.query_max_length),
        document_max_length=min(length, settings.document_max_length),
    )
    with atomic_directory(output, overwrite) as partial:
        encoder.save(partial, source=str(directory.absolute()), task=f"msmarco-{task}")
    return encoder
