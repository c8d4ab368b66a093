"""Text to vectors: the bi-encoder, fast batched encoding, and the encoders that Pyserini sees."""

from pyserini_ltre.encode.tokenisation import star_tokenizer

__all__ = ["star_tokenizer"]
