"""The options that say which encoder is meant and how it reads texts: the same in every command."""

from dataclasses import fields, replace
from typing import Self

import torch

from pyserini_ltre import registry
from pyserini_ltre.encode.families import WORDS
from pyserini_ltre.encode.model import BiEncoder
from pyserini_ltre.encode.recognising import saved_here
from pyserini_ltre.encode.settings import Pooling
from pyserini_ltre.errors import InputError, remark
from pyserini_ltre.files import expanded
from pyserini_ltre.options import Count, option, option_group

SETTINGS = ("query_prefix", "query_max_length", "document_prefix", "document_max_length")


@option_group
class EncoderOptions:
    """Which encoder, and where it computes."""

    encoder: str | None = option("model directory, hub name, ltre:PATH, star or star:PATH", default=None)
    encoder_class: str | None = option(
        f"what Pyserini calls such encoders, where the model directory does not say it: {', '.join(WORDS)}",
        default=None,
    )
    pooling: Pooling | None = option("pooling, where the model directory does not say it", default=None)
    normalise: bool | None = option(
        "scale embeddings to length 1, where the model directory does not say it",
        default=None,
        aliases=["--l2-norm"],
    )
    allow_partial: bool = option(
        "load a checkpoint although it lacks weights (they become random) or has others (left out)",
        default=False,
    )
    device: str = option("cpu, cuda, cuda:1 ...", default="cpu")

    def load(self) -> BiEncoder:
        """Load the encoder, onto its device.

        Raises
        ------
        InputError
            If none is named, it cannot be loaded, it does not take a length, or there is no such device.
        """
        if self.encoder is None:
            raise InputError("give `encoder`: the model directory or hub name to start from")
        device = find_device(self.device)
        location = registry.find_encoder(self.encoder)
        encoder = BiEncoder.load(
            location,
            pooling=self.pooling,
            normalise=self.normalise,
            allow_partial=self.allow_partial,
            encoder_class=self.encoder_class,
        )
        encoder.update_settings(**{name: getattr(self, name, None) for name in SETTINGS})
        return encoder.to(device)


@option_group
class QueryEncoderOptions(EncoderOptions):
    """Which encoder, and how it reads queries; what is left open is as the model says."""

    query_prefix: str | None = option("put before each query", default=None)
    query_max_length: Count | None = option("tokens after which a query is cut", default=None)

    def of_index(self, index: str) -> Self:
        """Fill in, and say, what the registry tells of the encoder of an index and nobody has given.

        Parameters
        ----------
        index : str
            What was given as the index: if it is a registered name, its entry may say the encoder and how it reads.

        Warns
        -----
        UserWarning
            What was filled in. Nothing is where the encoder given is a directory that we have saved: that says it.
        """
        entry = {} if expanded(index).exists() else registry.lookup("indexes", index) or {}
        if self.encoder is not None and saved_here(registry.find_encoder(self.encoder)):
            return self
        told = {
            field.name: entry[field.name]
            for field in fields(self)
            if field.name in entry and getattr(self, field.name) is None
        }
        if told:
            listed = ", ".join(f"{name.replace('_', ' ')} {value!r}" for name, value in told.items())
            remark(f"{index}: {listed}, as the registry says")
        return replace(self, **told)


@option_group
class DocumentEncoderOptions(EncoderOptions):
    """Which encoder, and how it reads documents; what is left open is as the model says."""

    document_prefix: str | None = option("put before each document", default=None, aliases=["--prefix"])
    document_max_length: Count | None = option(
        "tokens after which a document is cut", default=None, aliases=["--max-length"]
    )


@option_group
class SharedEncoderOptions(QueryEncoderOptions, DocumentEncoderOptions):
    """Which encoder, and how it reads queries and documents; what is left open is as the model says."""


def find_device(name: str) -> torch.device:
    """The device of a name such as ``cuda:1``, which becomes torch's current one; an `InputError` if it is not here."""
    try:
        device = torch.device(name)
    except RuntimeError:
        device = torch.device("meta")
    if device.type not in ("cpu", "cuda"):
        raise InputError(f"`device` {name}: use cpu, cuda, cuda:1 ...")
    if device.type == "cuda":
        count = torch.cuda.device_count()
        if (device.index or 0) >= count:
            raise InputError(
                f"`device` {name}: torch finds {count} CUDA devices here; use cpu, or one of them"
            )
        device = torch.device("cuda", device.index or 0)
        torch.cuda.set_device(device)
    return device
