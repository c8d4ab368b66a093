"""Queries that a sequence-to-sequence model writes for documents, as doc2query does."""

import os

import torch
from tqdm import tqdm

from pyserini_ltre.errors import blaming

BATCH = 16
# What transformers has raised for directories that hold no such model, or a damaged one.
DAMAGED = (OSError, ValueError, RuntimeError, LookupError, TypeError, AttributeError)
# As doc2query reads documents, and as long as its queries are.
DOCUMENT_TOKENS, QUERY_TOKENS = 384, 64
# Sampling among the ten likeliest words: varied queries teach more than likely ones.
TOP_K = 10


def generate_queries(
    model: str | os.PathLike[str], documents: list[str], seed: int, progress: bool = False
) -> list[str]:
    """Write a query for each document.

    Parameters
    ----------
    model : path or hub name
        Of a sequence-to-sequence model that was trained to do so.
    documents : list of str
        Their texts.
    seed : int
        Of what is sampled.
    progress : bool
        Whether to show a bar.

    Returns
    -------
    list of str
        In the order of the documents.

    Raises
    ------
    InputError
        If there is no such model.

    Notes
    -----
    Nogueira et al., "Document Expansion by Query Prediction" (arXiv 1904.08375).
    """
    from transformers import AutoModelForSeq2SeqLM, AutoTokenizer

    remedy = "give the directory of a sequence-to-sequence model that writes queries, such as doc2query"
    with blaming(f"`generator` {model}", remedy, *DAMAGED):
        tokenizer = AutoTokenizer.from_pretrained(model, trust_remote_code=False)
        writer = AutoModelForSeq2SeqLM.from_pretrained(model, trust_remote_code=False).eval()
    by_length = sorted(range(len(documents)), key=lambda i: (len(documents[i]), documents[i]))
    written = [""] * len(documents)
    with torch.random.fork_rng(devices=[]), torch.inference_mode():
        torch.manual_seed(seed)
        for start in tqdm(
            range(0, len(documents), BATCH), unit=" batches", desc="writing queries", disable=not progress
        ):
            batch = by_length[start : start + BATCH]
            inputs = tokenizer(
                [documents[i] for i in batch],
                padding=True,
                truncation=True,
                max_length=DOCUMENT_TOKENS,
                return_tensors="pt",
            )
            outputs = writer.generate(
                input_ids=inputs["input_ids"],
                attention_mask=inputs["attention_mask"],
                max_new_tokens=QUERY_TOKENS,
                do_sample=True,
                top_k=TOP_K,
            )
            for i, text in zip(batch, tokenizer.batch_decode(outputs, skip_special_tokens=True), strict=True):
                written[i] = text.strip()
    return written
