"""What Pyserini sees: its query and document encoder classes on top of `BiEncoder`."""

import numpy as np
from pyserini.encode import DocumentEncoder, QueryEncoder

from pyserini_ltre.encode.batching import document_text, encode_texts
from pyserini_ltre.encode.model import BiEncoder


class LtreQueryEncoder(QueryEncoder):
    """Query encoder for Pyserini's dense search.

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
        self.precision = "bf16" if fp16 else "fp32"
        self.has_model = True

    @property
    def dimension(self) -> int:
        """Size of the embeddings."""
        return self.encoder.dimension

    def encode(self, query: str, **unused: object) -> np.ndarray:
        """Encode one query: (d,) float32."""
        return self.encode_batch([query])[0]

    def encode_batch(self, queries: list[str], **unused: object) -> np.ndarray:
        """Encode queries: (n, d) float32; `FaissSearcher.batch_search` calls this where it exists."""
        return encode_texts(self.encoder, list(queries), "query", precision=self.precision)


class LtreDocumentEncoder(DocumentEncoder):
    """Document encoder for ``python -m pyserini.encode``.

    Parameters
    ----------
    model_name : str
        Model directory or hub name.
    tokenizer_name : str, optional
        Accepted because Pyserini passes it; the model directory brings its own tokenizer.
    device : str
        Device of the model.
    prefix : str, optional
        Put before each document with a space between, instead of the model's own prefix.
    """

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
        self.encoder.with_settings(document_max_length=min(max_length, self.longest))
        contents = [document_text(t, x) for t, x in zip(titles or [None] * len(texts), texts, strict=True)]
        return encode_texts(self.encoder, contents, "document", precision="bf16" if fp16 else "fp32")


def _load(name: str, device: str, setting: str, prefix: str | None) -> BiEncoder:
    encoder = BiEncoder.load(name).to(device)
    return encoder.with_settings(**{setting: f"{prefix} " if prefix else None})
