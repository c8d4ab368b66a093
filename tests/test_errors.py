"""What is printed of data is plain lines; what the operating system says is explained, and nothing else."""

import errno
import json
import sys

import pytest

from pyserini_ltre.errors import (
    LONGEST,
    InputError,
    exit_on_input_error,
    remark,
    system_explained,
    visible,
    visible_lines,
)


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("plain é 漢 \U0001f600 \\x1b", "plain é 漢 \U0001f600 \\x1b"),
        ("\x1b[2J\x07\x00\t\r\n", r"\x1b[2J\x07\x00\t\r\n"),
        ("\x7f\x9b31m\x85", r"\u007f\u009b31m\u0085"),
        ("a\u202eb\u2066c\u200fd", r"a\u202eb\u2066c\u200fd"),
        ("\u2028\u2029\ufeff", r"\u2028\u2029\ufeff"),
        ("\ud800\udcff", r"\ud800\udcff"),
    ],
)
def test_visible(text, shown):
    assert visible(text) == shown == visible(shown)
    assert str(InputError(text)) == shown


def test_lines_and_columns_remain():
    assert visible_lines("a\x1b\tb\n\n\x9bc\n") == "a\\x1b\tb\n\n\\u009bc\n"


def test_escapes_in_json_are_those_of_json():
    text = "\x1b\x7f\x9b\u202e\u2028 é"
    assert json.loads(visible(json.dumps(text, ensure_ascii=False))) == text


def test_a_long_line_keeps_its_beginning_and_its_end():
    line = str(InputError(f"file:3: {'9' * 5000} is no number; write one"))
    assert line.startswith("file:3: 99") and line.endswith("99 is no number; write one")
    assert LONGEST <= len(line) < LONGEST + 10


def test_a_command_prints_its_error_as_one_plain_line(capsys):
    @exit_on_input_error
    def command():
        raise InputError("`the_file` a\nb\x1b[31m: bad")

    with pytest.raises(SystemExit) as end:
        command()
    assert end.value.code == 2
    assert capsys.readouterr().err == "pyserini_ltre: --the-file a\\nb\\x1b[31m: bad\n"


def test_a_remark_is_one_plain_line():
    with pytest.warns(UserWarning) as warned:
        remark("a\nb\x1b")
    assert str(warned[0].message) == r"a\nb\x1b" and warned[0].filename == "pyserini_ltre"


def test_what_the_system_says_is_explained():
    with pytest.raises(InputError, match=r"^x\\x1b: no permission"), system_explained():
        raise PermissionError(errno.EACCES, "Permission denied", "x\x1b")
    for error in (
        FileNotFoundError(errno.ENOENT, "gone"),
        KeyError("x"),
        InputError("No space left on device"),
    ):
        with pytest.raises(type(error)) as raised, system_explained():
            raise error
        assert raised.value is error
    assert sys.exc_info() == (None, None, None)
