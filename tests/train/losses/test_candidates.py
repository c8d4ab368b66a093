"""What a query is trained on: the retrieved documents in their order, then the relevant ones that were missed."""

import torch

from pyserini_ltre.train.losses.candidates import candidates


def join(retrieved, positives, grades=None, max_appended_positives=32):
    positives = torch.tensor(positives)
    grades = (positives >= 0).float() if grades is None else torch.tensor(grades, dtype=torch.float32)
    return candidates(torch.tensor(retrieved), positives, grades, max_appended_positives)


def test_missed_documents_follow_the_retrieved_ones():
    joined = join([[4, 2, 9], [1, 5, 6]], [[2, 7, -1], [8, 3, 0]], [[3, 1, 0], [2, 2, 1]])
    assert joined.rows.tolist() == [[4, 2, 9, 7, 0, 0], [1, 5, 6, 8, 3, 0]]
    assert joined.grades.tolist() == [[0, 3, 0, 1, 0, 0], [0, 0, 0, 2, 2, 1]]
    assert joined.valid.tolist() == [[True] * 4 + [False] * 2, [True] * 6]


def test_a_document_that_was_retrieved_is_not_appended_again():
    joined = join([[4, 2, 9]], [[9, 4, -1]])
    assert joined.rows.tolist() == [[4, 2, 9]]
    assert joined.grades.tolist() == [[1, 0, 1]]
    assert joined.valid.all()


def test_the_first_missed_documents_are_appended_up_to_the_cap():
    joined = join([[4, 2]], [[2, 11, 12, 4, 13]], [[5, 4, 3, 2, 1]], max_appended_positives=2)
    assert joined.rows.tolist() == [[4, 2, 11, 12]]
    assert joined.grades.tolist() == [[2, 5, 4, 3]]


def test_padding_of_either_side_is_not_valid_and_never_relevant():
    joined = join([[4, -1, -1], [0, 3, 5]], [[6, -1], [0, -1]])
    # Padded rows point at row 0, so that vectors can be fetched; row 0 itself is a document like any other.
    assert joined.rows.tolist() == [[4, 0, 0, 6], [0, 3, 5, 0]]
    assert joined.valid.tolist() == [[True, False, False, True], [True, True, True, False]]
    assert joined.grades.tolist() == [[0, 0, 0, 1], [1, 0, 0, 0]]
