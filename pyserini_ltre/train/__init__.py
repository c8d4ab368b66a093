"""Teach an encoder on judged queries, with retrieval inside training."""
