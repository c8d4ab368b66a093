"""An index of random vectors, for feedback."""

import numpy as np
import pytest
from small_input import DIMENSION


@pytest.fixture
def unit():
    """Scales vectors to length 1."""
    return lambda vectors: vectors / np.linalg.norm(vectors, axis=-1, keepdims=True)


@pytest.fixture
def vectors(unit):
    return unit(np.random.default_rng(3).normal(size=(50, DIMENSION))).astype(np.float32)


@pytest.fixture
def index(vectors, tmp_path, write_index):
    return write_index(tmp_path / "index", vectors, [f"d{number}" for number in range(len(vectors))])


@pytest.fixture
def write_index():
    import faiss

    from pyserini_ltre.index.writing import write_index_directory

    def write(path, vectors, docids):
        flat = faiss.IndexFlatIP(vectors.shape[1])
        flat.add(vectors)
        write_index_directory(path, flat, docids, None, overwrite=True)
        return path

    return write


@pytest.fixture
def saved(encoder, tmp_path):
    """The directory of a module's encoder."""
    directory = tmp_path / "with-feedback"
    directory.mkdir()
    encoder.save(directory)
    return directory
