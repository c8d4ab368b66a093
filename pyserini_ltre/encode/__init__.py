"""Text to vectors: the bi-encoder, fast batched encoding, and the encoders that Pyserini sees."""
