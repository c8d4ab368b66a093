"""A teacher's best documents, scored anew by a cross-encoder, which reads query and document together."""

import os

from tqdm import tqdm

from pyserini_ltre.collection.records import Collection, Queries, Run, best_first
from pyserini_ltre.encode.reading import DAMAGED_MODEL
from pyserini_ltre.encode.settings import document_text
from pyserini_ltre.errors import InputError, blaming

# Reading a pair takes a forward pass: the best fifty hold most of what there is to learn about their order.
DEPTH = 50


def rescored(
    run: Run, queries: Queries, collection: Collection, model: str | os.PathLike[str], device: str
) -> Run:
    """Score the best fifty documents of each query with a cross-encoder.

    Parameters
    ----------
    run : dict of str to dict of str to float
        Who says which documents are the best.
    queries : dict of str to str
        Texts of its queries.
    collection : Collection
        Texts of its documents; read once.
    model : path or hub name
        Of a cross-encoder as sentence-transformers has them, with one score a pair.
    device : str
        Where it computes.

    Returns
    -------
    dict of str to dict of str to float
        The same queries, fifty documents of each at most.

    Raises
    ------
    InputError
        If there is no such model, or it has several scores for a pair.

    Notes
    -----
    Hofstätter et al., "Improving Efficient Neural Ranking Models with Cross-Architecture Knowledge Distillation"
    (arXiv 2010.02666).
    """
    try:
        from sentence_transformers import CrossEncoder
    except ImportError:
        raise InputError(
            '`cross_encoder` needs sentence-transformers; install it: pip install "pyserini-ltre[cross-encoder]"'
        ) from None
    with blaming(f"`cross_encoder` {model}", "give the directory of a cross-encoder", *DAMAGED_MODEL):
        reader = CrossEncoder(os.fspath(model), device=device)
    if reader.num_labels != 1:
        raise InputError(
            f"`cross_encoder` {model}: gives {reader.num_labels} scores for a pair; give one that gives a single score"
        )
    best = {qid: best_first(run[qid])[:DEPTH] for qid in queries if run.get(qid)}
    wanted = {docid for docids in best.values() for docid in docids}
    texts = {
        document.docid: document_text(document.title, document.text, "plain")
        for document in collection.documents()
        if document.docid in wanted
    }
    found: Run = {}
    for qid, docids in tqdm(best.items(), unit=" queries", desc="scoring with the cross-encoder"):
        known = [docid for docid in docids if docid in texts]
        if known:
            scores = reader.predict(
                [(queries[qid], texts[docid]) for docid in known], show_progress_bar=False
            )
            found[qid] = dict(zip(known, scores.tolist(), strict=True))
    return found
