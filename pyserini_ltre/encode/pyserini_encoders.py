"""What Pyserini sees: its query and document encoder classes on top of `BiEncoder`."""

import os
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, nullcontext

import numpy as np
import torch
from pyserini.encode import DocumentEncoder, QueryEncoder

from pyserini_ltre.encode.backends import BACKENDS, PRECISIONS, ForwardPass, choose
from pyserini_ltre.encode.batching import check_finite, encode_texts
from pyserini_ltre.encode.equal_lengths import EqualLengths, one_thread
from pyserini_ltre.encode.head import Normalize, pool
from pyserini_ltre.encode.model import BiEncoder
from pyserini_ltre.encode.settings import document_text
from pyserini_ltre.errors import InputError

# What computes the embeddings, and in which precision, since Pyserini's commands have no flags for it.
BACKEND, PRECISION = "PYSERINI_LTRE_BACKEND", "PYSERINI_LTRE_PRECISION"


class LtreQueryEncoder(QueryEncoder):
    """Query encoder for Pyserini's dense search.

    An embedding is the same to the last bit whether a query is encoded alone or with others, and the same as
    that of Pyserini's `AutoQueryEncoder` where torch has one thread. ``$PYSERINI_LTRE_BACKEND`` (``torch`` if it is not
    set) says what computes, ``$PYSERINI_LTRE_PRECISION`` (``fp32``, or ``bf16`` with `fp16`) in which precision: in
    ``fp32`` with another back end than torch, an embedding is the same but for its last digits.

    Parameters
    ----------
    encoder_dir : str
        Model directory or hub name.
    tokenizer_name : str, optional
        Accepted because Pyserini passes it; the model directory brings its own tokenizer.
    device : str
        Device of the model.
    prefix : str, optional
        Put before each query with a space between, as Pyserini's encoders do, instead of the model's own prefix.
    fp16 : bool
        Encode in bfloat16.
    """

    def __init__(
        self,
        encoder_dir: str,
        tokenizer_name: str | None = None,
        device: str = "cpu",
        prefix: str | None = None,
        fp16: bool = False,
        **unused: object,
    ) -> None:
        super().__init__(None)
        self.encoder = _load(encoder_dir, device, "query_prefix", prefix)
        forward = _forward_pass(self.encoder, fp16)
        self.fp16 = forward.precision == "bf16"
        self.forward = None if forward.backend == "torch" else forward
        self.has_model = True
        self._together: dict[int, bool] = {}

    @property
    def dimension(self) -> int:
        """Size of the embeddings."""
        return self.encoder.dimension

    def encode(self, query: str, **unused: object) -> np.ndarray:
        """Encode one query: (d,) float32."""
        with one_thread():
            return self._embed(self.encoder.tokenize([query], "query"))[0]

    def encode_batch(self, queries: list[str], **unused: object) -> np.ndarray:
        """Encode queries: (n, d) float32; `FaissSearcher.batch_search` calls this where it exists."""
        vectors = np.empty((len(queries), self.dimension), np.float32)
        with self.encode_ahead(list(queries)) as ahead:
            for place in range(len(queries)):
                vectors[place] = ahead[place]
        return vectors

    @contextmanager
    def encode_ahead(self, queries: list[str]) -> Iterator[EqualLengths]:
        """Encode queries that will be needed in this order, on all of torch's threads.

        Parameters
        ----------
        queries : list of str
            N queries.

        Yields
        ------
        EqualLengths
            Gives the embedding of the query at a place, (d,) float32.
        """
        threads = torch.get_num_threads() if self.encoder.device.type == "cpu" else 1
        with one_thread():
            token_ids = self.encoder.tokenize(queries, "query") if queries else []
            ahead = EqualLengths(self._embed, token_ids, threads, self._together)
            try:
                yield ahead
            finally:
                ahead.close()

    @torch.inference_mode()
    def _embed(self, token_ids: list[list[int]]) -> np.ndarray:
        """Embed queries of the same number of tokens."""
        input_ids = torch.tensor(token_ids, device=self.encoder.device)
        mask = torch.ones_like(input_ids)
        if self.forward is not None:
            vectors = self.forward({"input_ids": input_ids, "attention_mask": mask})
        else:
            vectors = self._embed_as_pyserini(input_ids, mask)
            if self.encoder.feedback is not None:
                first = torch.from_numpy(vectors).to(self.encoder.device)
                # Alone and in company a query is compared, and read, in the same way only if it always is alone.
                rows = zip(first.split(1), input_ids.split(1), mask.split(1), strict=True)
                vectors = np.concatenate([self.encoder.second(*row).cpu().numpy() for row in rows])
        return check_finite(vectors, self.encoder)

    def _embed_as_pyserini(self, input_ids: torch.Tensor, mask: torch.Tensor) -> np.ndarray:
        """First embeddings by torch, with the arithmetic of Pyserini's own encoders."""
        with torch.autocast(input_ids.device.type, torch.bfloat16) if self.fp16 else nullcontext():
            states = self.encoder.backbone(input_ids=input_ids, attention_mask=mask).last_hidden_state
        states = states.float().cpu()
        if self.encoder.settings.pooling == "mean":
            vectors = np.average(states.numpy()[:, self.encoder.family.first_pooled :], axis=-2)
        else:
            vectors = pool(states, mask.cpu(), self.encoder.settings.pooling).numpy()
        for layer in self.encoder.head:
            vectors = _unit_length(vectors) if isinstance(layer, Normalize) else _row_by_row(layer, vectors)
        return vectors


def _unit_length(vectors: np.ndarray) -> np.ndarray:
    lengths = np.sqrt(np.einsum("ij,ij->i", vectors, vectors))
    return vectors / np.where(lengths == 0, 1, lengths)[:, None]


def _row_by_row(layer: torch.nn.Module, vectors: np.ndarray) -> np.ndarray:
    # A matrix product with one row has other last digits than one with several.
    device = next(layer.parameters()).device
    rows = torch.from_numpy(vectors).to(device).split(1)
    return np.concatenate([layer(row).cpu().numpy() for row in rows])


class LtreDocumentEncoder(DocumentEncoder):
    """Document encoder for ``python -m pyserini.encode``; parameters as for `LtreQueryEncoder`."""

    def __init__(
        self,
        model_name: str,
        tokenizer_name: str | None = None,
        device: str = "cpu",
        prefix: str | None = None,
        **unused: object,
    ) -> None:
        self.encoder = _load(model_name, device, "document_prefix", prefix)
        self.longest = self.encoder.settings.document_max_length

    @property
    def dimension(self) -> int:
        """Size of the embeddings."""
        return self.encoder.dimension

    def encode(
        self,
        texts: list[str],
        titles: list[str] | None = None,
        max_length: int = 256,
        fp16: bool = False,
        **unused: object,
    ) -> np.ndarray:
        """Encode documents: (n, d) float32, cut at `max_length` tokens or at the model's limit if that is less."""
        self.encoder.update_settings(document_max_length=min(max_length, self.longest))
        form = self.encoder.settings.document_form
        headings: Sequence[str | None] = titles or [None] * len(texts)
        contents = [document_text(title, text, form) for title, text in zip(headings, texts, strict=True)]
        vectors = encode_texts(self.encoder, contents, "document", precision="bf16" if fp16 else "fp32")
        return check_finite(vectors, self.encoder)


def _forward_pass(encoder: BiEncoder, fp16: bool) -> ForwardPass:
    """What the environment says, `BACKEND` and `PRECISION`."""
    backend = _from_environment(BACKEND, "torch", BACKENDS)
    precision = _from_environment(PRECISION, "bf16" if fp16 else "fp32", PRECISIONS)
    try:
        return choose(encoder, backend, precision, one_by_one=True)
    except InputError as error:  # whose words are those of our own commands
        said = str(error).replace("`backend`", BACKEND).replace("`precision`", PRECISION)
        raise InputError(said) from error


def _from_environment(variable: str, default: str, choices: tuple[str, ...]) -> str:
    value = os.environ.get(variable) or default
    if value not in choices:
        raise InputError(f"{variable} {value}: set it to one of {', '.join(choices)}")
    return value


def _load(name: str, device: str, setting: str, prefix: str | None) -> BiEncoder:
    encoder = BiEncoder.load(name).to(device)
    encoder.update_settings(**{setting: f"{prefix} " if prefix else None})
    return encoder
