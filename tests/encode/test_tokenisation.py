"""STAR tokenisation: the reference's ids where a small byte-level BPE can show them, and an ordinary tokenizer."""

import pytest
from tokenizers import ByteLevelBPETokenizer
from transformers import AutoTokenizer

from pyserini_ltre.encode import star_tokenizer
from pyserini_ltre.encode.tokenisation import star_tokenizer_of
from pyserini_ltre.errors import InputError

# Characters that look like others are what is tested here.
# ruff: noqa: RUF001
SPECIAL = ["<s>", "<pad>", "</s>", "<unk>", "<mask>"]
# Texts of the golden file with the pieces that its ids stand for.
GOLDEN = {
    "what is perched": "Ġwhat Ġis Ġperched",
    " leading space": "Ġleading Ġspace",
    "trailing space   ": "Ġtrailing Ġspace",
    "\nnewline start": "Ċ newline Ġstart",
    "\tTab start": "ĉ tab Ġstart",
    "\xa0nbsp start": "Âł n bsp Ġstart",
    "multiple   internal    spaces": "Ġmultiple Ġ Ġ Ġinternal Ġ Ġ Ġ Ġspaces",
    "MiXeD CaSe <s> special </s> tokens <mask> here <pad>": (
        "Ġmixed Ġcase <s> Ġspecial </s> Ġtokens <mask> Ġhere <pad>"
    ),
    "<sep>url<sep>Title<sep>Body": "Ġ< se p > url < se p > title < se p > body",
    "\r\nwindows\r\nlines": "č Ċ windows č Ċ lines",
    "line1\nline2\n\nline3": "Ġline 1 Ċ line 2 Ċ Ċ line 3",
    "</S> upper": "</s> Ġupper",
    "<MASK> upper special": "<mask> Ġupper Ġspecial",
    "<s>start": "<s> start",
    "the<mask>glued": "Ġthe <mask> gl ued",
    "word <mask> word": "Ġword <mask> Ġword",
    "tail </s> ": "Ġtail </s>",
    "straße GROẞ": "Ġstra ÃŁ e Ġgro ÃŁ",
    "ΑΣ": "ĠÎ ± Ï ĥ",  # a sigma at the end is lower-cased like any other
    "İ": "Ġ i Ì ĩ",
    "NULL \x00 char": "Ġnull Ġ Ā Ġchar",
    "ΟΔΥΣΣΕΥΣ final sigma ΣΑΣ": "ĠÎ ¿ Î ´ Ï ħ Ïĥ Ïĥ Îµ Ï ħ Ïĥ Ġfinal Ġs igma ĠÏ ĥ Î± Ïĥ",
    "İstanbul dotted I": "Ġi Ì ĩ stanbul Ġdotted Ġi",
    "日本語のテキスト 検索": "Ġæ Ĺ ¥ æľ ¬ èª ŀ ãģ® ãĥĨ ãĤŃ ãĤ¹ãĥĪ Ġæ ¤ ľ ç ´ ¢",
    "emoji 😀👍🏽 test": "Ġemoji ĠðŁĺ Ģ ðŁĳ į ðŁ ı ½ Ġtest",
    "don't can't WON'T I'LL we'Ve": "Ġdon 't Ġcan 't Ġwon 't Ġi 'll Ġwe 've",
    "1,234.56 $99 50%": "Ġ1 , 234 . 56 Ġ$ 99 Ġ50 %",
    "e-mail: Foo@Bar.COM": "Ġe - mail : Ġfoo @ bar . com",
    "ﬁ ligature ﬂ": "Ġï ¬ ģ Ġlig ature Ġï ¬ Ĥ",
    "Ａ fullwidth": "Ġï ½ ģ Ġfull width",
    "combining e\u0301": "Ġcombining Ġe Ì ģ",
    "": "",
    " ": "",
    "  ": "",
}


@pytest.fixture(scope="module")
def byte_pairs(tmp_path_factory):
    """A vocabulary that holds the words of the texts, and RoBERTa's special tokens."""
    words = sorted({piece for pieces in GOLDEN.values() for piece in pieces.replace("Ġ", " ").split()})
    text = [f" {word}" for word in words if word.isascii() and word.isalpha()] * 5
    trained = ByteLevelBPETokenizer()
    trained.train_from_iterator(text, vocab_size=600, min_frequency=2, special_tokens=SPECIAL)
    directory = tmp_path_factory.mktemp("byte-pairs")
    trained.save_model(str(directory))
    return directory / "vocab.json", directory / "merges.txt"


@pytest.fixture(scope="module")
def tokenizer(byte_pairs):
    return star_tokenizer(*byte_pairs)


def spelling(tokens):
    """What tokens spell, with a bar where a special token or a line of text begins, whatever the byte pairs are."""
    return "".join(f"|{token}|" if token in SPECIAL else token for token in tokens)


@pytest.mark.parametrize(("text", "pieces"), GOLDEN.items())
def test_text_reaches_the_byte_pairs_as_in_the_reference(tokenizer, text, pieces):
    (ids,) = tokenizer([text], truncation=True, max_length=64)["input_ids"]
    tokens = tokenizer.convert_ids_to_tokens(ids)
    assert (tokens[0], tokens[-1]) == ("<s>", "</s>")
    assert spelling(tokens[1:-1]) == spelling(pieces.split())


def test_words_are_whole_after_the_space_that_is_put_before_them(tokenizer):
    assert tokenizer.tokenize("What is perched") == ["Ġwhat", "Ġis", "Ġperched"]


def test_truncation_counts_the_special_tokens(tokenizer):
    (ids,) = tokenizer(["word " * 100], truncation=True, max_length=12)["input_ids"]
    assert tokenizer.convert_ids_to_tokens(ids) == ["<s>", *["Ġword"] * 10, "</s>"]


def test_saved_it_is_an_ordinary_tokenizer(tokenizer, tmp_path):
    texts = list(GOLDEN)
    tokenizer.save_pretrained(tmp_path / "once")
    (tmp_path / "once" / "config.json").write_text('{"model_type": "roberta"}')
    again = AutoTokenizer.from_pretrained(tmp_path / "once")
    again.save_pretrained(tmp_path / "twice")
    for loaded in (
        again,
        AutoTokenizer.from_pretrained(tmp_path / "twice"),
        star_tokenizer_of(tmp_path / "once"),
    ):
        assert loaded(texts)["input_ids"] == tokenizer(texts)["input_ids"]
        assert (loaded.pad_token_id, loaded.mask_token_id, len(loaded)) == (1, 4, len(tokenizer))
        assert loaded.model_max_length == 512
    assert (
        again.decode(tokenizer("What is perched")["input_ids"], skip_special_tokens=True)
        == " what is perched"
    )


def test_padding_is_on_the_right(tokenizer):
    batch = tokenizer(["word word", "word"], padding=True)
    assert batch["input_ids"][1][-1] == tokenizer.pad_token_id
    assert batch["attention_mask"] == [[1, 1, 1, 1], [1, 1, 1, 0]]


def test_files_that_are_no_byte_pairs_are_refused(byte_pairs, tiny_encoder, tmp_path):
    _, merges = byte_pairs
    with pytest.raises(InputError, match=r"nowhere: no such file; name vocab.json"):
        star_tokenizer(tmp_path / "nowhere", merges)
    (tmp_path / "broken.json").write_text("{")
    with pytest.raises(InputError, match=r"broken.json.*not byte pairs"):
        star_tokenizer(tmp_path / "broken.json", merges)
    (tmp_path / "merges.txt").write_text("a b\n")
    (tmp_path / "vocab.json").write_text('{"a": 0, "b": 1, "ab": 2, "<s>": 3}')
    with pytest.raises(
        InputError, match=r"vocab.json: no </s>, <pad>, <unk>; name the files of roberta-base"
    ):
        star_tokenizer_of(tmp_path)
    assert star_tokenizer_of(tiny_encoder) is None
