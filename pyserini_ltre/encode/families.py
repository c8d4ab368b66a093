"""How the encoders behave that Pyserini has a word for (``--encoder-class``): a table, as its classes were written.

All of them attend to the tokens and not to the padding. DPR, ANCE and cosDPR are given no mask, but make this one.
"""

from dataclasses import dataclass
from typing import Literal, cast, get_args

from pyserini_ltre.encode.settings import NO_LIMIT, TITLE_END, EncoderSettings, FamilyName, Pooling, Side
from pyserini_ltre.errors import InputError

Form = Literal["plain", "dpr", "robertadot", "cosdpr", "aggretriever"]
BOTH: tuple[Side, ...] = ("query", "document")


@dataclass(frozen=True)
class Family:
    """What Pyserini's query and document encoder of one word do.

    Attributes
    ----------
    poolings : tuple of {"cls", "mean", "last"}
        Which token states make the embedding: the usual one, and others that may be chosen.
    normalise : bool or None
        Whether embeddings are scaled to length 1; None leaves it to the user, who is taken to mean no.
    query_mark, document_mark : str
        Stands before every text in place of the tokenizer's special tokens, which are left out.
    filler : str
        A token that fills each query up to its length, and counts as part of it.
    first_pooled : int
        Number of the first token, from 0, whose state is pooled.
    query_prefix : str
        Put before every query.
    query_length, document_length : int, optional
        Tokens after which a text is cut, if the model takes so many; by default, after as many as the tokenizer says.
    titles : {"joined", "pair", "left out"}
        What becomes of the title of a document: a space, the prefix and the text follow; the tokenizer is given title
        and text as two texts; or it is not encoded.
    sides : tuple of {"query", "document"}
        Of which sides Pyserini has a class.
    form : {"plain", "dpr", "robertadot", "cosdpr", "aggretriever"}
        Names of the weights: the model's own, or those of a module here.
    models : tuple of str
        Types of models that it is made of; any if empty.
    portable : bool
        Whether the modules of sentence-transformers can do the same.
    """

    poolings: tuple[Pooling, ...]
    normalise: bool | None = False
    query_mark: str = ""
    document_mark: str = ""
    filler: str = ""
    first_pooled: int = 0
    query_prefix: str = ""
    query_length: int | None = None
    document_length: int | None = 256
    titles: Literal["joined", "pair", "left out"] = "joined"
    sides: tuple[Side, ...] = BOTH
    form: Form = "plain"
    models: tuple[str, ...] = ()
    portable: bool = True


# In the order in which Pyserini looks for them in the name of an encoder.
FAMILIES: dict[FamilyName, Family] = {
    # What is none of them, or was not said to be one.
    "plain": Family(get_args(Pooling), normalise=None),
    "dkrr": Family(
        ("mean",), query_prefix="question: ", query_length=NO_LIMIT, sides=("query",), models=("bert",)
    ),
    "cosdpr": Family(("cls",), normalise=True, form="cosdpr"),
    "dpr": Family(("cls",), query_length=NO_LIMIT, titles="pair", form="dpr", portable=False),
    # Its dense vectors; the binary ones are their signs.
    "bpr": Family(("cls",), query_length=NO_LIMIT, sides=("query",), form="dpr", portable=False),
    "tct_colbert": Family(
        ("mean",),
        query_mark="[CLS] [Q] ",
        document_mark="[CLS] [D] ",
        filler="[MASK]",
        first_pooled=4,
        query_length=36,
        document_length=512,
        models=("bert",),
        portable=False,
    ),
    "ance": Family(("cls",), query_length=64, form="robertadot"),
    "sentence": Family(("mean",), normalise=True),
    "contriever": Family(("mean",)),
    "aggretriever": Family(
        ("cls",), query_length=32, document_length=512, form="aggretriever", portable=False
    ),
    "auto": Family(("cls", "mean"), normalise=None),
    "arctic": Family(
        ("cls",),
        normalise=True,
        query_prefix="Represent this sentence for searching relevant passages: ",
        query_length=512,
        document_length=512,
        titles="left out",
    ),
    "qwen3": Family(("last",), normalise=None, query_length=8192, document_length=8192, titles="left out"),
}
# What Pyserini calls some of them where documents are encoded.
ALSO: dict[str, FamilyName] = {"sentence-transformers": "sentence"}
WORDS = (*(name for name in FAMILIES if name != "plain"), *ALSO)
# Words of Pyserini that are refused, and why.
IMAGES, SERVICE, SPARSE = "takes more than text", "lies behind a service", "gives no dense vectors"
REFUSED = {
    **dict.fromkeys(("clip", "uniir", "dse", "mmeb"), IMAGES),
    **dict.fromkeys(("openai-api", "openai", "cohere"), SERVICE),
    **dict.fromkeys(("splade", "unicoil", "slim"), SPARSE),
}


def family_named(word: str) -> FamilyName:
    """The family that a word of Pyserini's means; an `InputError` says what to do where it means none of ours."""
    if REFUSED.get(word) == SPARSE:
        raise InputError(f"`encoder_class` {word} {SPARSE}; use one of {', '.join(WORDS)}")
    if word in REFUSED:
        raise InputError(
            f"`encoder_class` {word} {REFUSED[word]}; encode the queries with Pyserini, and give their vectors "
            "instead: `trainable` adapter with `query_vectors`"
        )
    if word not in WORDS:
        raise InputError(f"`encoder_class` {word}: use one of {', '.join(WORDS)}")
    return ALSO.get(word) or cast(FamilyName, word)


def as_fed(text: str, side: Side, settings: EncoderSettings) -> tuple[str, str | None]:
    """What the tokenizer is given for a text: marks, prefix and filler in their places, and a second text or None.

    Parameters
    ----------
    text : str
        A query, or what `document_text` made of a document.
    side : {"query", "document"}
        Which of them.
    settings : EncoderSettings
        Family, prefixes and lengths.
    """
    family, prefix = FAMILIES[settings.family], settings.prefix(side)
    if side == "query":
        return family.query_mark + prefix + text + family.filler * settings.query_max_length, None
    title, apart, body = text.rpartition(TITLE_END) if settings.document_form == "parts" else ("", "", text)
    if not apart or family.titles == "left out":
        return family.document_mark + prefix + body, None
    if family.titles == "pair":
        return title, prefix + body
    return f"{family.document_mark}{title} {prefix}{body}", None
