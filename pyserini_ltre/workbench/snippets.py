"""The part of a document that says most of what was asked, with the matched words marked."""

import re
from collections import Counter

from pyserini_ltre.collection import Document

Pieces = list[tuple[str, bool]]
"""Parts of a text in their order, and whether each is a word of the query."""

WORDS = 36
# Of a long document, only so many words are looked at for the best part.
LOOKED_AT = 20_000
_WORD = re.compile(r"\w+")
# Found everywhere, so that marking them says nothing.
STOP = frozenset("a an and are as at be by for from in is it of on or that the this to was with".split())


def query_words(query: str) -> frozenset[str]:
    """The words of a query that are worth marking: all but the commonest, unless there are no others."""
    words = {word.casefold() for word in _WORD.findall(query)}
    return frozenset(words - STOP or words)


def marked(text: str, words: frozenset[str]) -> Pieces:
    """Divide a whole text at the words to mark."""
    pieces: Pieces = []
    end = 0
    for found in _WORD.finditer(text):
        if found[0].casefold() in words:
            pieces += [(text[end : found.start()], False), (found[0], True)]
            end = found.end()
    return [(part, is_word) for part, is_word in (*pieces, (text[end:], False)) if part]


def snippet(document: Document, words: frozenset[str]) -> Pieces:
    """Find the part of a document's text with the most different words of the query, the first of equals."""
    text = document.text or document.title
    found = [match for _, match in zip(range(LOOKED_AT), _WORD.finditer(text), strict=False)]
    if len(found) <= WORDS:
        return marked(text, words)
    first = _best_window([match[0].casefold() for match in found], words)
    start, end = found[first].start(), found[min(first + WORDS, len(found)) - 1].end()
    pieces = marked(text[start:end], words)
    before: Pieces = [("… ", False)] if start else []
    after: Pieces = [(" …", False)] if end < len(text) else []
    return [*before, *pieces, *after]


def _best_window(text: list[str], words: frozenset[str]) -> int:
    """Where the window of `WORDS` words begins; of neighbours that hold the same, the one in the middle."""
    inside: Counter[str] = Counter(word for word in text[:WORDS] if word in words)
    most, first, last = (len(inside), inside.total()), 0, 0
    for start in range(1, len(text) - WORDS + 1):
        leaving, coming = text[start - 1], text[start + WORDS - 1]
        if leaving in words:
            inside[leaving] -= 1
            if not inside[leaving]:
                del inside[leaving]
        if coming in words:
            inside[coming] += 1
        held = (len(inside), inside.total())
        if held > most:
            most, first, last = held, start, start
        elif held == most and last == start - 1:
            last = start
    return (first + last) // 2 if most[0] else 0
