"""Ids of rows: DRhard's pickles read without running them, int32 files, and plain text."""

import pickle
import struct

import numpy as np
import pytest

from pyserini_ltre.convert.ids import read_ids, read_number_dictionary
from pyserini_ltre.errors import InputError


class Evil:
    """A value whose loading would write a file."""

    def __init__(self, victim):
        self.victim = str(victim)

    def __reduce__(self):
        return open, (self.victim, "w")


def dumped(path, content, protocol=4):
    path.write_bytes(pickle.dumps(content, protocol=protocol))
    return path


@pytest.mark.parametrize("number", [int, np.int32, np.int64, np.uint16, np.dtype(">i4").type])
@pytest.mark.parametrize("protocol", range(3, 6))
def test_dictionaries_of_numbers(tmp_path, number, protocol):
    expected = {7: 0, 0: 2, 8_000: 1}
    file = dumped(tmp_path / "pid2offset.pickle", {number(k): v for k, v in expected.items()}, protocol)
    content = read_number_dictionary(file)
    assert content == expected
    assert {type(number) for pair in content.items() for number in pair} == {int}
    assert read_ids(file) == ["7", "8000", "0"]
    assert read_ids(file, prefix="D") == ["D7", "D8000", "D0"]


def test_pickle_with_numpy_of_older_and_newer_name(tmp_path):
    kind = (
        b"cnumpy\ndtype\n(\x8c\x02i4K\x00K\x01tR(K\x03\x8c\x01<NNNJ\xff\xff\xff\xffJ\xff\xff\xff\xffK\x00tb"
    )
    for module in (b"numpy.core.multiarray", b"numpy._core.multiarray"):
        number = b"c" + module + b"\nscalar\n(" + kind + b"C\x04" + struct.pack("<i", -5) + b"tR"
        (tmp_path / "x.pickle").write_bytes(b"\x80\x04}" + number + b"K\x00s.")
        assert read_number_dictionary(tmp_path / "x.pickle") == {-5: 0}


def test_nothing_in_a_pickle_is_run(tmp_path):
    victim = tmp_path / "victim"
    for content in (Evil(victim), {1: Evil(victim)}, {Evil(victim): 1}, [Evil(victim)]):
        file = dumped(tmp_path / "evil.pickle", content)
        with pytest.raises(InputError, match=r"evil.pickle: names (_?io)\.open, which loading it would run"):
            read_ids(file)
    (tmp_path / "evil.pickle").write_bytes(b"cos\nsystem\n(S'touch victim'\ntR.")
    with pytest.raises(InputError, match=r"names os.system"):
        read_ids(tmp_path / "evil.pickle")
    assert not victim.exists()


@pytest.mark.parametrize(
    ("content", "message"),
    [
        ([1, 2], r"holds a list; only a dictionary of numbers"),
        (7, r"holds a int"),
        ({1: "x"}, r"entry \(1, 'x'\) is not two whole numbers"),
        ({"D1": 0}, r"entry \('D1', 0\)"),
        ({1: 0.0}, r"entry \(1, 0.0\)"),
        ({1: True}, r"entry \(1, True\)"),
        ({1: None}, r"entry \(1, None\)"),
        ({1: {2: 3}}, r"entry \(1, \{2: 3\}\)"),
        ({np.float32(1): 0}, r"names the number type f4"),
        ({1: np.arange(3)}, r"names numpy\._?core\.\w+\._(reconstruct|frombuffer)"),
        ({1: 1 + 2j}, r"names builtins.complex"),
    ],
)
def test_pickles_of_anything_else_are_refused(tmp_path, content, message):
    with pytest.raises(InputError, match=message):
        read_ids(dumped(tmp_path / "x.pickle", content))


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"no pickle",
        pickle.dumps({1: 0})[:-2],
        # A stand-in for numpy called with what it does not expect, changed, or left in the dictionary.
        b"cnumpy\ndtype\n(tR.",
        b"cnumpy\ndtype\n}b.",
        b"cnumpy.core.multiarray\nscalar\n(K\x01K\x02tR.",
        b"cnumpy.core.multiarray\nscalar\n}(S'x'\nK\x01ub.",
        b"}cnumpy\ndtype\nK\x00s.",
        b"cnumpy\ndtype\n)\x81.",
    ],
)
def test_damaged_and_hostile_pickles_are_refused_in_one_line(tmp_path, content):
    (tmp_path / "x.pickle").write_bytes(content)
    with pytest.raises(InputError) as refused:
        read_ids(tmp_path / "x.pickle")
    assert str(refused.value).startswith(f"{tmp_path}/x.pickle: ")
    assert "\n" not in str(refused.value)


@pytest.mark.parametrize(
    ("content", "message"),
    [
        ({5: 0, 6: 2}, r"6 is at offset 2, but there are 2 ids"),
        ({5: 0, 6: -1}, r"6 is at offset -1"),
        ({5: 1, 6: 0, 7: 1}, r"5 and 7 are both at offset 1"),
    ],
)
def test_offsets_are_each_there_once(tmp_path, content, message):
    with pytest.raises(InputError, match=message):
        read_ids(dumped(tmp_path / "x.pickle", content))


def test_int32_file_and_text_file(tmp_path):
    np.array([7, 0, 8_000], np.int32).tofile(tmp_path / "passages-id.memmap")
    assert read_ids(tmp_path / "passages-id.memmap", "D") == ["D7", "D0", "D8000"]
    (tmp_path / "ids.txt").write_text("0007\nNA\n")
    assert read_ids(tmp_path / "ids.txt") == ["0007", "NA"]
    (tmp_path / "ids.txt").write_text("0007\nN A\n")
    with pytest.raises(InputError, match=r"ids.txt:2: id 'N A'"):
        read_ids(tmp_path / "ids.txt")
    (tmp_path / "x.memmap").write_bytes(b"12345")
    with pytest.raises(InputError, match=r"x.memmap: 5 bytes are no whole number of int32"):
        read_ids(tmp_path / "x.memmap")
    with pytest.raises(InputError, match=r"nowhere: no such file"):
        read_ids(tmp_path / "nowhere")
