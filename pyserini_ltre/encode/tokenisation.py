"""STAR tokenisation: RoBERTa's byte pairs as transformers 2 applied them, on today's tokenizers.

STAR, ADORE, JPQ and ANCE were trained with text that was lower-cased, had no white space at its end and one space put
before it, so that a first word is the same token as in mid-sentence. Special tokens are found in the lower-cased text
and take the white space before them with them. Today's RoBERTa tokenizers do none of this.
"""

import os
from pathlib import Path
from typing import TYPE_CHECKING

from pyserini_ltre.errors import InputError, blaming
from pyserini_ltre.json_files import json_field, read_json

if TYPE_CHECKING:
    from tokenizers.models import BPE
    from transformers import PreTrainedTokenizerFast

NEEDED = {"bos_token": "<s>", "eos_token": "</s>", "pad_token": "<pad>", "unk_token": "<unk>"}
SPECIAL = {**NEEDED, "cls_token": "<s>", "sep_token": "</s>", "mask_token": "<mask>"}
# White space as Python's str.isspace() has it: \s of the regular expressions lacks the four separators.
SPACE = r"[\s\x1c-\x1f]"
LONGEST = 512


def star_tokenizer(
    vocab_file: str | os.PathLike[str], merges_file: str | os.PathLike[str]
) -> "PreTrainedTokenizerFast":
    """Make the tokenizer that STAR, ADORE, JPQ and ANCE were trained with.

    Parameters
    ----------
    vocab_file : path
        RoBERTa's ``vocab.json``.
    merges_file : path
        RoBERTa's ``merges.txt``.

    Returns
    -------
    PreTrainedTokenizerFast
        An ordinary tokenizer: saved, it loads with ``AutoTokenizer``. Blank text becomes ``<s></s>``.

    Raises
    ------
    InputError
        If a file is missing, they are not byte pairs, or ``<s>``, ``</s>``, ``<pad>`` or ``<unk>`` is not among them.

    Examples
    --------
    >>> tokenizer = star_tokenizer("roberta-base/vocab.json", "roberta-base/merges.txt")  # doctest: +SKIP
    >>> tokenizer(["What is STAR?"], truncation=True, max_length=64)["input_ids"]  # doctest: +SKIP
    [[0, 99, 16, 999, 116, 2]]
    """
    from tokenizers.models import BPE

    for file in (vocab_file, merges_file):
        if not Path(file).is_file():
            raise InputError(f"{file}: no such file; name vocab.json and merges.txt of roberta-base")
    place = f"{vocab_file}, {merges_file}: not byte pairs"
    # The library has one type of error for everything.
    with blaming(place, "name vocab.json and merges.txt of roberta-base", Exception):
        model = BPE.from_file(str(vocab_file), str(merges_file), unk_token=NEEDED["unk_token"])
    return _with_star_text(model, f"{vocab_file}")


def star_tokenizer_of(directory: Path) -> "PreTrainedTokenizerFast | None":
    """Make the STAR tokenizer of a model directory from its ``vocab.json`` and ``merges.txt``, or ``tokenizer.json``.

    None if it holds no byte pairs with RoBERTa's special tokens.
    """
    from tokenizers.models import BPE

    files = directory / "vocab.json", directory / "merges.txt"
    if all(file.is_file() for file in files):
        return star_tokenizer(*files)
    file = directory / "tokenizer.json"
    stored = json_field(read_json(file), "model", dict, file) or {}
    vocabulary = json_field(stored, "vocab", dict, file) or {}
    if stored.get("type") != "BPE" or not vocabulary.keys() >= set(NEEDED.values()):
        return None
    merges = json_field(stored, "merges", list, file) or []
    with blaming(f"{file}: not byte pairs", "copy it again", Exception):
        pairs = [tuple(pair.split(" ") if isinstance(pair, str) else pair) for pair in merges]
        model = BPE(vocabulary, pairs, unk_token=NEEDED["unk_token"])
    return _with_star_text(model, str(file))


def _with_star_text(model: "BPE", source: str) -> "PreTrainedTokenizerFast":
    """Put what happens to the text around the byte pairs."""
    from tokenizers import AddedToken, Regex, Tokenizer, decoders, normalizers, pre_tokenizers, processors
    from transformers import PreTrainedTokenizerFast

    tokenizer = Tokenizer(model)
    ids = tokenizer.get_vocab()
    missing = [token for token in NEEDED.values() if token not in ids]
    if missing:
        raise InputError(f"{source}: no {', '.join(missing)}; name the files of roberta-base")
    special = {role: token for role, token in SPECIAL.items() if token in ids}
    any_special = "|".join(dict.fromkeys(special.values()))
    # One space before all text but where white space or a special token comes first. The library normalises the
    # special tokens as it does the text, so nothing here may change them.
    tokenizer.normalizer = normalizers.Sequence(
        [
            normalizers.Lowercase(),
            normalizers.Replace(Regex(rf"{SPACE}+(?=\z|{any_special})"), ""),
            normalizers.Prepend(" "),
            normalizers.Replace(Regex(rf"\A (?={SPACE}|{any_special})"), ""),
        ]
    )
    tokenizer.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
    tokenizer.decoder = decoders.ByteLevel()
    first, last = ((token, ids[token]) for token in (special["cls_token"], special["sep_token"]))
    tokenizer.post_processor = processors.RobertaProcessing(
        last, first, trim_offsets=False, add_prefix_space=False
    )
    tokens = {role: AddedToken(token, normalized=True, special=True) for role, token in special.items()}
    return PreTrainedTokenizerFast(
        tokenizer_object=tokenizer,
        model_max_length=LONGEST,
        padding_side="right",
        truncation_side="right",
        model_input_names=["input_ids", "attention_mask"],
        clean_up_tokenization_spaces=False,
        **tokens,
    )
