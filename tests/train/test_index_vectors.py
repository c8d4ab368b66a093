"""An index whose vectors cannot be right is refused before training, or warned of."""

import numpy as np
import pytest

from pyserini_ltre.errors import InputError
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
