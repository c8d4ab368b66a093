"""The bi-encoder: a Hugging Face backbone, pooling, an optional head, optional normalisation."""

import os
from collections.abc import Mapping
from dataclasses import asdict, replace
from pathlib import Path
from typing import Any, Self

import torch
from torch import nn
from transformers import PreTrainedModel, PreTrainedTokenizerBase

from pyserini_ltre.encode.head import Normalize, pool, read_head, write_head
from pyserini_ltre.encode.reading import (
    check_complete,
    download,
    length_limit,
    read_backbone,
    read_tokenizer,
)
from pyserini_ltre.encode.robertadot import is_robertadot, read_robertadot, usual_tokenisation
from pyserini_ltre.encode.settings import EncoderSettings, Pooling, Side, Tokenisation, read_settings
from pyserini_ltre.errors import InputError
from pyserini_ltre.files import expanded
from pyserini_ltre.json_files import write_json


class BiEncoder(nn.Module):
    """One side of a dense retriever: token ids in, embeddings out.

    Parameters
    ----------
    backbone : PreTrainedModel
        Any Hugging Face encoder that returns last hidden states.
    tokenizer : PreTrainedTokenizerBase
        Its tokenizer.
    head : nn.Sequential
        Linear, LayerNorm and Normalize modules after pooling; may be empty.
    settings : EncoderSettings
        Pooling, prefixes and lengths.
    name : str
        Where it was loaded from.

    Examples
    --------
    >>> encoder = BiEncoder.load("sentence-transformers/all-MiniLM-L6-v2")  # doctest: +SKIP
    >>> encoder.dimension  # doctest: +SKIP
    384
    """

    def __init__(
        self,
        backbone: PreTrainedModel,
        tokenizer: PreTrainedTokenizerBase,
        head: nn.Sequential,
        settings: EncoderSettings,
        name: str,
    ) -> None:
        super().__init__()
        self.backbone = backbone
        self.tokenizer = tokenizer
        self.head = head
        self.settings = settings
        self.name = name

    @property
    def dimension(self) -> int:
        """Size of the embeddings."""
        widths = [layer.out_features for layer in self.head if isinstance(layer, nn.Linear)]
        return widths[-1] if widths else self.backbone.config.hidden_size

    @property
    def normalises(self) -> bool:
        """Whether the embeddings have length 1."""
        return len(self.head) > 0 and isinstance(self.head[-1], Normalize)

    @property
    def device(self) -> torch.device:
        """Where the weights lie."""
        return self.backbone.device

    def forward(self, input_ids: torch.Tensor, attention_mask: torch.Tensor) -> torch.Tensor:
        """Embed a padded batch.

        Parameters
        ----------
        input_ids, attention_mask : LongTensor (B, L)
            As `tokenize` gives them after padding.

        Returns
        -------
        Tensor (B, d)
            Embeddings.
        """
        states = self.backbone(input_ids=input_ids, attention_mask=attention_mask).last_hidden_state
        embeddings: torch.Tensor = self.head(pool(states, attention_mask, self.settings.pooling))
        return embeddings

    def tokenize(self, texts: list[str], side: Side) -> list[list[int]]:
        """Token ids of each text, prefix and special tokens included, cut at the side's length."""
        prefix = self.settings.prefix(side)
        token_ids: list[list[int]] = self.tokenizer(
            [prefix + text for text in texts] if prefix else texts,
            truncation=True,
            max_length=self.settings.max_length(side),
            return_attention_mask=False,
            return_token_type_ids=False,
        )["input_ids"]
        self._check_token(max(map(max, filter(None, token_ids)), default=0))
        return token_ids

    def pad(self, token_ids: list[list[int]]) -> dict[str, torch.Tensor]:
        """Pad token ids to the longest of them: ``input_ids`` and ``attention_mask``, on the encoder's device."""
        if self.tokenizer.pad_token_id is None:
            raise InputError(f"{self.name}: the tokenizer has no token to pad with; name its pad_token")
        self._check_token(self.tokenizer.pad_token_id)
        batch = self.tokenizer.pad({"input_ids": token_ids}, return_tensors="pt")
        return {name: batch[name].to(self.device) for name in ("input_ids", "attention_mask")}

    def _check_token(self, number: int) -> None:
        """Refuse a token that has no embedding: torch would raise an IndexError, and CUDA break down."""
        known = getattr(self.backbone.config, "vocab_size", None)
        if known is not None and number >= known:
            raise InputError(
                f"{self.name}: a token has number {number}, but there are {known} token embeddings; copy the tokenizer "
                "that belongs to the weights"
            )

    def update_settings(self, **changes: str | int | None) -> None:
        """Change settings in place; a value of None leaves the setting as it is."""
        given: dict[str, Any] = {name: value for name, value in changes.items() if value is not None}
        self._check_lengths(given)
        self.settings = replace(self.settings, **given)

    def _check_lengths(self, given: Mapping[str, Any]) -> None:
        """Refuse lengths, among other settings, that the backbone has no positions for, or that leave no token."""
        fewest, most = self.tokenizer.num_special_tokens_to_add() + 1, length_limit(self.backbone)
        for name in given.keys() & {"query_max_length", "document_max_length"}:
            if not fewest <= given[name] <= most:
                raise InputError(f"a length of {given[name]} tokens: {self.name} takes {fewest} to {most}")

    def document_record(self) -> dict[str, str | bool | int]:
        """What ``encoder.json`` of an index says of the encoder that made it."""
        return {
            "name": self.name,
            "pooling": self.settings.pooling,
            "normalise": self.normalises,
            "prefix": self.settings.document_prefix,
            "max_length": self.settings.document_max_length,
        }

    @classmethod
    def load(
        cls,
        name: str | os.PathLike[str],
        pooling: Pooling | None = None,
        normalise: bool | None = None,
        allow_partial: bool = False,
        tokenizer: PreTrainedTokenizerBase | None = None,
    ) -> Self:
        """Load an encoder from a model directory or a hub name.

        Parameters
        ----------
        name : str or path
            A directory (sentence-transformers, plain Hugging Face, RobertaDot or ours) or a name on the hub.
        pooling : {"cls", "mean", "last"}, optional
            Overrides what the directory says; needed for a plain Hugging Face model that is not mean-pooled.
        normalise : bool, optional
            Overrides whether embeddings are scaled to length 1.
        allow_partial : bool
            Whether weights that are missing become random and unexpected ones are left out, with a warning.
        tokenizer : PreTrainedTokenizerBase, optional
            Takes the place of the directory's own.

        Returns
        -------
        BiEncoder
            In evaluation mode, on the CPU.

        Raises
        ------
        InputError
            If there is no such directory, it has no weights or parts that we do not know, or its weights are not
            those of its model.
        """
        directory = expanded(name)
        if not directory.is_dir():
            directory = download(str(name))
        usual: tuple[Pooling, Tokenisation] = "mean", "own"
        check_complete(directory, needs_tokenizer=tokenizer is None)
        if is_robertadot(directory):
            backbone, head = read_robertadot(directory, allow_partial)
            usual = "cls", usual_tokenisation(directory)
        else:
            backbone = read_backbone(directory, allow_partial)
            head = read_head(directory, backbone.config.hidden_size)
        settings = read_settings(directory, usual[0], length_limit(backbone), usual[1])
        if pooling is not None:
            settings = replace(settings, pooling=pooling)
        if tokenizer is None:
            tokenizer = read_tokenizer(directory, settings)
        encoder = cls(backbone, tokenizer, head, settings, str(name))
        encoder._check_lengths(asdict(settings))
        if normalise is not None and normalise != encoder.normalises:
            encoder.head = nn.Sequential(*((*head, Normalize()) if normalise else list(head)[:-1]))
        return encoder.eval()

    def save(self, directory: str | os.PathLike[str], **description: object) -> None:
        """Save to a directory that loads here, in sentence-transformers and (the backbone) in transformers.

        Parameters
        ----------
        directory : path
            An existing empty directory.
        **description
            Further fields of ``pyserini_ltre.json``: method, measures, arguments and so on.
        """
        directory = Path(directory)
        self.backbone.save_pretrained(directory)
        self.tokenizer.save_pretrained(directory)
        write_head(directory, self.head, self.settings.pooling, self.backbone.config.hidden_size)
        longest = max(self.settings.query_max_length, self.settings.document_max_length)
        write_json(
            directory / "sentence_bert_config.json", {"max_seq_length": longest, "do_lower_case": False}
        )
        prompts = {"query": self.settings.query_prefix, "document": self.settings.document_prefix}
        similarity = "cosine" if self.normalises else "dot"
        write_json(
            directory / "config_sentence_transformers.json",
            {"prompts": prompts, "default_prompt_name": None, "similarity_fn_name": similarity},
        )
        encoder = {**asdict(self.settings), "normalise": self.normalises, "dimension": self.dimension}
        write_json(directory / "pyserini_ltre.json", {"encoder": encoder, **description})
