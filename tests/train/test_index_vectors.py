"""An index whose vectors cannot be right is refused before training, or warned of."""

import faiss
import numpy as np
import pytest

from pyserini_ltre.encode.model import BiEncoder
from pyserini_ltre.errors import InputError
from pyserini_ltre.index.writing import write_index_directory
from pyserini_ltre.train.query_side import QuerySideTrainer


@pytest.fixture
def vectors():
    return np.random.default_rng(3).normal(size=(40, 32)).astype(np.float32)


def test_a_vector_that_is_not_finite_is_refused_by_name(vectors, tiny_encoder, tmp_path, write_index):
    vectors[7, 3] = np.nan
    directory = write_index(tmp_path / "index", vectors, [f"d{i}" for i in range(40)])
    with pytest.raises(InputError, match="document d7 is not finite"):
        QuerySideTrainer(str(tiny_encoder), directory)


def test_vectors_of_zeros_are_counted(vectors, tiny_encoder, tmp_path, write_index):
    vectors[[2, 9]] = 0.0
    directory = write_index(tmp_path / "index", vectors, [f"d{i}" for i in range(40)])
    with pytest.warns(UserWarning, match="2 vectors are zero"):
        QuerySideTrainer(str(tiny_encoder), directory)


@pytest.mark.parametrize("scaled", [True, False])
def test_lengths_that_the_encoder_does_not_give_are_said(
    vectors, tiny_encoder, tmp_path, write_index, recwarn, scaled
):
    if scaled:
        vectors /= np.linalg.norm(vectors, axis=1, keepdims=True)
    directory = write_index(tmp_path / "index", vectors, [f"d{i}" for i in range(40)])
    fitting, other = (BiEncoder.load(tiny_encoder, normalise=scaled is yes) for yes in (True, False))
    QuerySideTrainer(fitting, directory)
    assert not recwarn
    said = "lengths of 1, .* as they come" if scaled else "lengths of 4.77 to 6.61, .* scaled to 1"
    with pytest.warns(UserWarning, match=said):
        QuerySideTrainer(other, directory)


def test_lengths_of_a_compressed_index_say_nothing(vectors, tiny_encoder, tmp_path, recwarn):
    index = faiss.index_factory(32, "PQ4x4", faiss.METRIC_INNER_PRODUCT)
    index.train(vectors)
    index.add(vectors)
    write_index_directory(tmp_path / "index", index, [f"d{i}" for i in range(40)], None)
    QuerySideTrainer(str(tiny_encoder), tmp_path / "index")
    assert not recwarn
