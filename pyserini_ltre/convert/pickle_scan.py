"""Pickles that would crash Python before anything of them could be refused.

The unpickler hashes the keys of a dictionary while it reads. The hash of a tuple that holds a tuple that holds a tuple
and so on goes down in C without a limit: a file of a few million bytes overflows the stack. It also makes room for as
many remembered objects as the file says. So the file is gone through once before, by a regular expression, which takes
a second for a million numbers of numpy and a third of that for Python's.
"""

import re

# A tuple that is an argument at once, perhaps remembered before, is never inside another one.
REMEMBER = rb"(?:\x94|q.|r...[\0-\x07]|p[0-9]{1,8}\n)?"
TUPLES = b"\x85\x86\x87t"
SHORT = 100
STRINGS = b"|".join(
    b"[CU\x8a\x8c]%b.{%d}|[BTX]%b\0\0\0.{%d}"
    % (re.escape(bytes([size])), size, re.escape(bytes([size])), size)
    for size in range(SHORT)
)
# Those that dictionaries of numbers are full of come first: each alternative is tried in turn.
HARMLESS = re.compile(
    rb"(?:[hKq].|[\x94R]|M..|[Jj].{4}|C\x04.{4}|C\x08.{8}|r...[\0-\x07]|[\x85\x86\x87t]" + REMEMBER + rb"[Rb]"
    # No argument follows, and nothing is made that could be hashed and hold tuples: all but these.
    rb"|[^\x80\x82-\x87\x8a-\x91\x95\x96BCFGIJKLMPQSTUVXcghijopqrt]"
    rb"|G.{8}|\x80.|\x95.{8}|c[^\n]{0,99}\n[^\n]{0,99}\n|[FILSVg][^\n]{0,99}\n|p[0-9]{1,8}\n|"
    + STRINGS
    + rb")*+",
    re.DOTALL,
)
# Tuples that are not arguments: some, so that whoever reads the pickle can say what it holds.
LOOSE = 1000


def first_fault(content: bytes) -> int | None:
    """Where a pickle has what no dictionary of numbers has, and what may not be safe to read; None if nowhere."""
    end = HARMLESS.match(content).end()  # type: ignore[union-attr]
    loose = 0
    while end < len(content):
        loose += 1
        if content[end] not in TUPLES or loose > LOOSE:
            return end
        end = HARMLESS.match(content, end + 1).end()  # type: ignore[union-attr]
    return None
