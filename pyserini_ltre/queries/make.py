"""Make queries from documents: their titles, sentences, most characteristic words, or what a model writes."""

import hashlib
import heapq
import math
import random
import re
from collections import Counter
from dataclasses import dataclass
from typing import Literal, get_args

from tqdm import tqdm

from pyserini_ltre.collection.overlap import near_duplicates
from pyserini_ltre.collection.records import Collection, Document, Qrels, Queries
from pyserini_ltre.errors import InputError
from pyserini_ltre.options import Count, NotNegativeCount, option, option_group
from pyserini_ltre.queries.generate import generate_queries

Kind = Literal["title", "sentence", "words"]
GENERATED = "generated"
# Words of a query: fewer say too little, more are cut.
FEWEST, MOST = 2, 30
# Characteristic words of a document that make a query.
CHARACTERISTIC = (3, 8)
# Some of what is drawn is no query, or there already.
SPARE = 1.5


# Rank, document id, kind, document.
Drawn = tuple[int, str, str, Document]


@option_group
class QueryMaking:
    """How queries are made from documents."""

    kinds: list[str] = option(
        "title, sentence, words (those with the largest tf-idf): what queries are made of",
        default=list(get_args(Kind)),
    )
    generator: str | None = option(
        "sequence-to-sequence model, such as doc2query, that writes queries beside those of `kinds`",
        default=None,
    )
    limit: Count = option("queries at most", default=10000)
    query_seed: NotNegativeCount = option("of what is drawn", default=42)


@dataclass(frozen=True)
class MadeQueries:
    """Queries made from documents.

    Attributes
    ----------
    queries : dict of str to str
        Text of each.
    sources : dict of str to dict of str to int
        The document that each was made from, in the form of judgements.
    left_out : int
        Queries that were test queries, or nearly so, and are not among them.
    empty : int
        Documents without any text.
    """

    queries: Queries
    sources: Qrels
    left_out: int
    empty: int


def make_queries(
    collection: Collection,
    options: QueryMaking | None = None,
    exclude: Queries | None = None,
    progress: bool = False,
) -> MadeQueries:
    """Make queries from the documents of a collection; the same ones whatever the order of the documents.

    Parameters
    ----------
    collection : Collection
        Read once; what is drawn of it is kept in memory, not the rest.
    options : QueryMaking, optional
        Kinds, number and seed.
    exclude : dict of str to str, optional
        Test queries: none of these, and nothing nearly like them, is made.
    progress : bool
        Whether to show a bar.

    Returns
    -------
    MadeQueries
        At most ``options.limit`` queries; their ids are ``made-1``, ``made-2`` ...

    Raises
    ------
    InputError
        If no query can be made.
    """
    options = options or QueryMaking()
    unknown = set(options.kinds) - set(get_args(Kind))
    if unknown or not (options.kinds or options.generator):
        raise InputError(f"`kinds` {' '.join(sorted(unknown))}: use some of {', '.join(get_args(Kind))}")
    kinds = [*options.kinds, *([GENERATED] if options.generator else [])]
    frequencies: Counter[str] = Counter()
    drawn: list[Drawn] = []
    documents = empty = 0
    for document in tqdm(
        collection.documents(), unit=" documents", desc="reading documents", disable=not progress
    ):
        words = set(_words(document.contents))
        frequencies.update(words)
        documents += 1
        empty += not words
        for kind in kinds if words else ():
            # The negative hash: a heap gives up its smallest.
            entry: Drawn = (
                -_hash(f"{options.query_seed} {kind} {document.docid}"),
                document.docid,
                kind,
                document,
            )
            if len(drawn) < SPARE * options.limit:
                heapq.heappush(drawn, entry)
            else:
                heapq.heappushpop(drawn, entry)
    written = _written(drawn, options, progress)
    sources: dict[str, str] = {}
    texts: Queries = {}
    for rank, docid, kind, document in sorted(drawn, reverse=True):
        if kind == GENERATED:
            text = _query(written[docid])
        else:
            text = _made(kind, document, frequencies, documents, random.Random(rank))
        if text is not None and text.casefold() not in texts:
            texts[text.casefold()], sources[text.casefold()] = text, docid
    repeated = near_duplicates(texts, exclude) if exclude else {}
    kept = [key for key in texts if key not in repeated][: options.limit]
    if not kept:
        raise InputError(
            f"no query can be made from {documents} documents, {empty} of them empty; "
            "give a collection with text, or queries of your own"
        )
    made = {f"made-{number}": key for number, key in enumerate(kept, start=1)}
    return MadeQueries(
        {qid: texts[key] for qid, key in made.items()},
        {qid: {sources[key]: 1} for qid, key in made.items()},
        len(repeated),
        empty,
    )


def _written(drawn: list[Drawn], options: QueryMaking, progress: bool) -> dict[str, str]:
    """Queries that the generator writes for the documents that were drawn for it, by document id."""
    if options.generator is None:
        return {}
    contents = {docid: document.contents for _, docid, kind, document in sorted(drawn) if kind == GENERATED}
    texts = generate_queries(options.generator, list(contents.values()), options.query_seed, progress)
    return dict(zip(contents, texts, strict=True))


def _made(
    kind: str, document: Document, frequencies: Counter[str], documents: int, chance: random.Random
) -> str | None:
    """A query of a kind, or None if the document has none."""
    if kind == "title":
        return _query(document.title)
    if kind == "sentence":
        sentences = filter(None, map(_query, re.split(r"(?<=[.!?;:])\s+|\n+", document.text)))
        return chance.choice(list(sentences) or [None])
    counts = Counter(word for word in _words(document.contents) if not word.isdigit() and len(word) > 1)
    weights = {word: count * math.log(documents / frequencies[word]) for word, count in counts.items()}
    best = set(
        heapq.nlargest(chance.randint(*CHARACTERISTIC), weights, key=lambda word: (weights[word], word))
    )
    return _query(" ".join(word for word in counts if word in best))


def _query(text: str) -> str | None:
    """A text as a query: in one line, cut; None if it says too little."""
    words = text.split()
    return " ".join(words[:MOST]) if len(_words(text)) >= FEWEST else None


def _words(text: str) -> list[str]:
    return re.findall(r"[^\W_]+", text.casefold())


def _hash(text: str) -> int:
    return int.from_bytes(hashlib.sha256(text.encode()).digest()[:8])
