"""The bi-encoder: a Hugging Face backbone, pooling, an optional head, optional normalisation."""

import os
from collections.abc import Mapping
from dataclasses import asdict, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any, Self

import torch
from torch import nn
from transformers import PreTrainedModel, PreTrainedTokenizerBase

from pyserini_ltre.encode.families import BOTH, FAMILIES, Family, family_named
from pyserini_ltre.encode.feedback import Feedback
from pyserini_ltre.encode.forms import width_of
from pyserini_ltre.encode.head import Normalize, pool
from pyserini_ltre.encode.reading import check_complete, download, length_limit, read_tokenizer
from pyserini_ltre.encode.recognising import OURS, read_model
from pyserini_ltre.encode.saving import write_encoder
from pyserini_ltre.encode.settings import EncoderSettings, Pooling, Side
from pyserini_ltre.encode.token_ids import token_ids_of
from pyserini_ltre.errors import InputError
from pyserini_ltre.files import expanded
from pyserini_ltre.json_files import read_json

if TYPE_CHECKING:
    from pyserini_ltre.encode.feedback.reading import Embed


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
    sides : tuple of {"query", "document"}
        Which texts it is for.

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
        sides: tuple[Side, ...] = BOTH,
    ) -> None:
        super().__init__()
        self.backbone = backbone
        self.tokenizer = tokenizer
        self.head = head
        self.settings = settings
        self.name = name
        self.sides = sides
        self.feedback: Feedback | None = None

    @property
    def dimension(self) -> int:
        """Size of the embeddings."""
        widths = [layer.out_features for layer in self.head if isinstance(layer, nn.Linear)]
        return widths[-1] if widths else self.width

    @property
    def width(self) -> int:
        """Size of what is pooled."""
        return width_of(self.backbone)

    @property
    def family(self) -> Family:
        """What Pyserini's classes for such encoders do."""
        return FAMILIES[self.settings.family]

    @property
    def normalises(self) -> bool:
        """Whether the embeddings have length 1."""
        return len(self.head) > 0 and isinstance(self.head[-1], Normalize)

    @property
    def longest_input(self) -> int:
        """Most tokens that the backbone takes."""
        return length_limit(self.backbone)

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
        embeddings = self.first(input_ids, attention_mask)
        if self.feedback is None:
            return embeddings
        return self.second(embeddings, input_ids, attention_mask)

    def first(self, input_ids: torch.Tensor, attention_mask: torch.Tensor) -> torch.Tensor:
        """Embed a padded batch without feedback: (B, d)."""
        return self.embed_states(self.states(input_ids, attention_mask), attention_mask)

    def second(
        self,
        embeddings: torch.Tensor,
        input_ids: torch.Tensor,
        attention_mask: torch.Tensor,
        embed: "Embed | None" = None,
    ) -> torch.Tensor:
        """What feedback makes of what `first` gave: (B, d); see `Feedback.forward`."""
        assert self.feedback is not None
        moved: torch.Tensor = self.feedback(embeddings, input_ids, attention_mask, embed)
        # What has not moved stays as it is to the last bit.
        unit = self.normalises and moved is not embeddings
        return nn.functional.normalize(moved, dim=-1) if unit else moved

    def states(self, input_ids: torch.Tensor, attention_mask: torch.Tensor) -> torch.Tensor:
        """The last hidden states (B, L, h) of a padded batch."""
        states: torch.Tensor = self.backbone(
            input_ids=input_ids, attention_mask=attention_mask
        ).last_hidden_state
        return states

    def embed_states(self, states: torch.Tensor, attention_mask: torch.Tensor) -> torch.Tensor:
        """First embeddings (B, d) of what `states` gave."""
        pooled = pool(states, attention_mask, self.settings.pooling, self.family.first_pooled)
        embeddings: torch.Tensor = self.head(pooled)
        return embeddings

    def tokenize(self, texts: list[str], side: Side) -> list[list[int]]:
        """Token ids of each text, prefix and special tokens included, cut at the side's length."""
        if side not in self.sides:
            raise InputError(
                f"{self.name}: {self.settings.family} encodes {_texts(self.sides[0])} only; give the encoder of "
                f"{_texts(side)}"
            )
        token_ids = token_ids_of(texts, side, self.tokenizer, self.settings)
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
        marks = self.family.first_pooled or self.tokenizer.num_special_tokens_to_add()
        fewest, most = marks + 1, self.longest_input
        for name in given.keys() & {"query_max_length", "document_max_length"}:
            if not fewest <= given[name] <= most:
                raise InputError(f"a length of {given[name]} tokens: {self.name} takes {fewest} to {most}")

    def give_feedback(self, feedback: Feedback) -> None:
        """Embed queries a second time from now on, with what the first embedding finds; documents no more."""
        self.feedback = feedback
        self.sides = ("query",)

    def without_feedback(self) -> "BiEncoder":
        """The encoder that gives the first embedding, of the same weights."""
        parts = self.backbone, self.tokenizer, self.head, self.settings
        return BiEncoder(*parts, self.name, self.sides).train(self.training)

    def document_record(self) -> dict[str, str | bool | int]:
        """What ``encoder.json`` of an index says of the encoder that made it."""
        return {
            **({} if self.settings.family == "plain" else {"family": self.settings.family}),
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
        encoder_class: str | None = None,
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
        encoder_class : str, optional
            What Pyserini calls encoders that behave so (``tct_colbert``, ``dpr`` and so on, see docs/encoders.md),
            where the directory does not say it.

        Returns
        -------
        BiEncoder
            In evaluation mode, on the CPU.

        Raises
        ------
        InputError
            If there is no such directory, it has no weights or parts that we do not know, its weights are not those
            of its model, or it is not of the family that was named.

        Warns
        -----
        UserWarning
            If nothing says how the embedding is made of the token states: what was assumed.
        """
        word = None if encoder_class is None else family_named(encoder_class)
        directory = expanded(name)
        if not directory.is_dir():
            directory = download(str(name))
        check_complete(directory, needs_tokenizer=tokenizer is None)
        weights, settings = read_model(directory, str(name), word, pooling, normalise, allow_partial)
        backbone, head, sides = weights
        if tokenizer is None:
            tokenizer = read_tokenizer(directory, settings)
        encoder = cls(backbone, tokenizer, head, settings, str(name), sides)
        encoder._check_lengths(asdict(settings))
        if normalise is not None and normalise != encoder.normalises:
            encoder.head = nn.Sequential(*((*head, Normalize()) if normalise else list(head)[:-1]))
        record = read_json(directory / OURS).get("feedback")
        if record is not None:
            # Where texts are read, by a kind of encoder.
            from pyserini_ltre.encode.feedback.saved import read_feedback

            encoder.give_feedback(read_feedback(record, directory / OURS, encoder))
        return encoder.eval()

    def save(self, directory: str | os.PathLike[str], **description: object) -> None:
        """Save to a directory that loads here, in sentence-transformers and (the backbone) in transformers.

        One of a family loads in Pyserini's class as well, and in sentence-transformers where that can do the same; it
        refuses the others. Feedback is known here alone: elsewhere, the directory is the encoder without.

        Parameters
        ----------
        directory : path
            An existing empty directory.
        **description
            Further fields of ``pyserini_ltre.json``: method, measures, arguments and so on.
        """
        write_encoder(self, Path(directory), description)


def _texts(side: Side) -> str:
    return "queries" if side == "query" else "documents"
