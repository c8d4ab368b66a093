"""Groups of equal length: every embedding where it belongs, torch's threads put back."""

import threading

import numpy as np
import pytest
import torch

from pyserini_ltre.encode import equal_lengths
from pyserini_ltre.encode.equal_lengths import EqualLengths, one_thread

TOKEN_IDS = [[place] * (3 + 5 * place % 7) for place in range(100)]


def embed(token_ids):
    """Two numbers that tell which query it was and how long."""
    assert len({len(ids) for ids in token_ids}) == 1
    return np.array([[ids[0], len(ids)] for ids in token_ids], np.float32)


@pytest.fixture
def small_windows(monkeypatch):
    monkeypatch.setattr(equal_lengths, "WINDOW", 32)
    monkeypatch.setattr(equal_lengths, "GROUP", 3)


@pytest.mark.parametrize("threads", [1, 2, 5])
@pytest.mark.parametrize("order", [range(100), range(99, -1, -1), [7, 7, 3, 99, 3]])
def test_each_gets_its_own(small_windows, threads, order):
    ahead = EqualLengths(embed, TOKEN_IDS, threads, {})
    for place in order:
        np.testing.assert_array_equal(ahead[place], [place, len(TOKEN_IDS[place])])
    ahead.close()


def test_groups_are_small_in_order_and_complete(small_windows):
    groups = list(equal_lengths._groups([len(ids) for ids in TOKEN_IDS]))
    assert max(map(len, groups)) == 3
    assert sorted(place for group in groups for place in group) == list(range(100))
    assert [group[0] // 32 for group in groups] == sorted(group[0] // 32 for group in groups)


def test_each_group_is_embedded_once(small_windows):
    seen = []
    ahead = EqualLengths(
        lambda ids: seen.extend(i[0] for i in ids) or embed(ids), TOKEN_IDS, 3, dict.fromkeys(range(10), True)
    )
    for place in range(100):
        ahead[place]
    ahead.close()
    assert sorted(seen) == list(range(100))


def test_what_is_not_asked_for_is_left(small_windows):
    seen = []
    ahead = EqualLengths(
        lambda ids: seen.append(ids) or embed(ids), TOKEN_IDS, 1, dict.fromkeys(range(10), True)
    )
    ahead[0]
    ahead.close()
    assert len(seen) == 1


@pytest.mark.parametrize("threads", [1, 3])
def test_lengths_that_differ_in_company_go_alone(small_windows, threads):
    def differs_at_five(token_ids):
        return embed(token_ids) + (len(token_ids) > 1 and len(token_ids[0]) == 5)

    together = {}
    ahead = EqualLengths(differs_at_five, TOKEN_IDS, threads, together)
    for place, ids in enumerate(TOKEN_IDS):
        np.testing.assert_array_equal(ahead[place], [place, len(ids)])
    ahead.close()
    assert together.pop(5) is False
    assert together and all(together.values())


@pytest.mark.parametrize("threads", [1, 3])
def test_an_error_reaches_who_asks(threads):
    def fail(token_ids):
        raise ValueError("no such token")

    ahead = EqualLengths(fail, TOKEN_IDS, threads, {})
    with pytest.raises(ValueError, match="no such token"):
        ahead[5]
    ahead.close()


@pytest.fixture
def three_threads():
    before = torch.get_num_threads()
    torch.set_num_threads(3)
    yield
    torch.set_num_threads(before)


def test_threads_are_put_back(three_threads):
    with pytest.raises(KeyError), one_thread():
        assert torch.get_num_threads() == 1
        with one_thread():
            assert torch.get_num_threads() == 1
        raise KeyError
    assert torch.get_num_threads() == 3


def test_threads_are_put_back_where_blocks_overlap(three_threads):
    first_is_in, second_is_in = threading.Event(), threading.Event()
    seen = []

    def second():
        first_is_in.wait(10)
        with one_thread():
            second_is_in.set()
            seen.append(torch.get_num_threads())
        seen.append(torch.get_num_threads())

    thread = threading.Thread(target=second)
    thread.start()
    with one_thread():
        first_is_in.set()
        second_is_in.wait(10)
    thread.join(10)
    assert seen == [1, 3]
    assert torch.get_num_threads() == 3
